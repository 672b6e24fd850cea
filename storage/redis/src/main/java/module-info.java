/** Entries in Redis or Valkey. */
module dev.larder.storage.redis {
    exports dev.larder.storage.redis;

    provides dev.larder.storage.StorageProvider with
            dev.larder.storage.redis.RedisStorageProvider;

    requires transitive dev.larder.core;
    requires transitive lettuce.core;
    requires static transitive org.jspecify;
}
