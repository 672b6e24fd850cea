/** Entries in a SQLite database. */
module dev.larder.storage.sqlite {
    exports dev.larder.storage.sqlite;

    requires transitive dev.larder.core;
    requires transitive java.sql;
    requires org.xerial.sqlitejdbc;
    requires static transitive org.jspecify;
}
