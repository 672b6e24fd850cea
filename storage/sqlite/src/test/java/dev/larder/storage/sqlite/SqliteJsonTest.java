package dev.larder.storage.sqlite;

import dev.larder.serializers.jackson.JsonSerializer;
import dev.larder.storage.Serializer;

/** The contract with heads as JSON. */
class SqliteJsonTest extends SqliteStorageTest {
    @Override
    protected Serializer serializer() {
        return JsonSerializer.INSTANCE;
    }
}
