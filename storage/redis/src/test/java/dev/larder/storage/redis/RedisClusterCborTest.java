package dev.larder.storage.redis;

import dev.larder.serializers.jackson.CborSerializer;
import dev.larder.storage.Serializer;

/** The contract, in the same cluster of three, with heads in CBOR. */
class RedisClusterCborTest extends RedisClusterStorageTest {
    @Override
    protected Serializer serializer() {
        return CborSerializer.INSTANCE;
    }

    @Override
    protected int operationsPerThread() {
        return 10;
    }
}
