package dev.larder.storage.redis;

import dev.larder.serializers.jackson.CborSerializer;
import dev.larder.storage.Serializer;

/** The contract, on one server, with heads in CBOR. */
class RedisCborTest extends RedisStorageTest {
    @Override
    protected Serializer serializer() {
        return CborSerializer.INSTANCE;
    }

    @Override
    protected int operationsPerThread() {
        return 10;
    }
}
