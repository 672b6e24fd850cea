package dev.larder.storage.redis;

import dev.larder.serializers.jackson.JsonSerializer;
import dev.larder.storage.Serializer;

/** The contract, on one server, with heads in JSON. */
class RedisJsonTest extends RedisStorageTest {
    @Override
    protected Serializer serializer() {
        return JsonSerializer.INSTANCE;
    }

    @Override
    protected int operationsPerThread() {
        return 10;
    }
}
