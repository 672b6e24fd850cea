package dev.larder.storage.s3;

import dev.larder.serializers.jackson.YamlSerializer;
import dev.larder.storage.Serializer;

/** The contract with heads in another format. */
class S3StorageWithYamlTest extends S3StorageTest {
    @Override
    protected Serializer serializer() {
        return YamlSerializer.INSTANCE;
    }
}
