/** Entries in a SQLite database. */
module dev.larder.storage.sqlite {
    exports dev.larder.storage.sqlite;

    provides dev.larder.storage.StorageProvider with
            dev.larder.storage.sqlite.SqliteStorageProvider;

    requires transitive dev.larder.core;
    requires transitive java.sql;
    requires org.xerial.sqlitejdbc;
    requires static transitive org.jspecify;
}
