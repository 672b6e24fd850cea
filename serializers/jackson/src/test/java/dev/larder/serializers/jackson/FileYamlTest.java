package dev.larder.serializers.jackson;

class FileYamlTest extends FileContract {
    FileYamlTest() {
        super(YamlSerializer.INSTANCE);
    }
}
