// What every page can do: keys, dialogs, drafts, relative times, live parts.
import "./dialogs.js";
import "./drafts.js";
import "./forms.js";
import "./keys.js";
import "./live.js";
import "./times.js";
