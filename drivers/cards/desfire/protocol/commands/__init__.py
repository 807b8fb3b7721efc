"""The commands of DESFire EV1 as procedures, one module for each thing they act upon.

Byte layouts: NXP MF3ICD81 (DESFire EV1) data sheet, command set; EV2 and EV3 keep them. Numbers go least significant
byte first. Every procedure raises CardRefusedError when the card answers with an error status, and CardGarbledError
when its answer has another form. A ``session`` of None sends the command as it is, outside any session.
"""
