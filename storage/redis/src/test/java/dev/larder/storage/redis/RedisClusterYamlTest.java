package dev.larder.storage.redis;

import dev.larder.serializers.jackson.YamlSerializer;
import dev.larder.storage.Serializer;

/** The contract, in the same cluster of three, with heads in YAML. */
class RedisClusterYamlTest extends RedisClusterStorageTest {
    @Override
    protected Serializer serializer() {
        return YamlSerializer.INSTANCE;
    }

    @Override
    protected int operationsPerThread() {
        return 10;
    }
}
