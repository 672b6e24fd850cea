package dev.larder.storage.redis;

import dev.larder.serializers.jackson.JsonSerializer;
import dev.larder.storage.Serializer;

/** The contract, in the same cluster of three, with heads in JSON. */
class RedisClusterJsonTest extends RedisClusterStorageTest {
    @Override
    protected Serializer serializer() {
        return JsonSerializer.INSTANCE;
    }

    @Override
    protected int operationsPerThread() {
        return 10;
    }
}
