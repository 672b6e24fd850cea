package dev.larder.storage.s3;

import dev.larder.serializers.jackson.JsonSerializer;
import dev.larder.storage.Serializer;

/** The contract with heads in another format. */
class S3StorageWithJsonTest extends S3StorageTest {
    @Override
    protected Serializer serializer() {
        return JsonSerializer.INSTANCE;
    }
}
