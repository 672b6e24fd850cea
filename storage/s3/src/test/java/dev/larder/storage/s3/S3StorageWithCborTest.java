package dev.larder.storage.s3;

import dev.larder.serializers.jackson.CborSerializer;
import dev.larder.storage.Serializer;

/** The contract with heads in another format. */
class S3StorageWithCborTest extends S3StorageTest {
    @Override
    protected Serializer serializer() {
        return CborSerializer.INSTANCE;
    }
}
