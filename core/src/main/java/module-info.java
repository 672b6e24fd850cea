/** The cache and its built-in storages. */
module dev.larder.core {
    exports dev.larder;
    exports dev.larder.client;
    exports dev.larder.storage;
    exports dev.larder.storage.file;
    exports dev.larder.storage.memory;

    requires transitive dev.larder.semantics;
    requires static transitive org.jspecify;
}
