package dev.larder.storage.sqlite;

import dev.larder.serializers.jackson.YamlSerializer;
import dev.larder.storage.Serializer;

/** The contract with heads as YAML. */
class SqliteYamlTest extends SqliteStorageTest {
    @Override
    protected Serializer serializer() {
        return YamlSerializer.INSTANCE;
    }
}
