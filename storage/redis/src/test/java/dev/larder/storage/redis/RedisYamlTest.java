package dev.larder.storage.redis;

import dev.larder.serializers.jackson.YamlSerializer;
import dev.larder.storage.Serializer;

/** The contract, on one server, with heads in YAML. */
class RedisYamlTest extends RedisStorageTest {
    @Override
    protected Serializer serializer() {
        return YamlSerializer.INSTANCE;
    }

    @Override
    protected int operationsPerThread() {
        return 10;
    }
}
