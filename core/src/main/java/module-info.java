/** The cache and its built-in storages. */
module dev.larder.core {
    exports dev.larder;
    exports dev.larder.client;
    exports dev.larder.storage;
    exports dev.larder.storage.file;
    exports dev.larder.storage.memory;

    uses dev.larder.storage.Serializer;
    uses dev.larder.storage.StorageProvider;

    provides dev.larder.storage.StorageProvider with
            dev.larder.storage.file.FileStorageProvider,
            dev.larder.storage.memory.InMemoryStorageProvider;

    requires transitive dev.larder.semantics;
    requires static transitive org.jspecify;
}
