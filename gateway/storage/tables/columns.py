"""What all tables share: how constraints are named, and columns that differ between the databases."""

from typing import Final

from sqlalchemy import BigInteger, Integer, MetaData, String

metadata: Final = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# SQLite counts rows by itself only in an INTEGER primary key.
Id: Final = BigInteger().with_variant(Integer, "sqlite")
Slug: Final = String(32)
