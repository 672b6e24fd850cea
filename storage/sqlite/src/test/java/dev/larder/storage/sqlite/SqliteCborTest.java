package dev.larder.storage.sqlite;

import dev.larder.serializers.jackson.CborSerializer;
import dev.larder.storage.Serializer;

/** The contract with heads as CBOR. */
class SqliteCborTest extends SqliteStorageTest {
    @Override
    protected Serializer serializer() {
        return CborSerializer.INSTANCE;
    }
}
