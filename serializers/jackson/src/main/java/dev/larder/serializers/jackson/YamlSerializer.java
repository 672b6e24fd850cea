package dev.larder.serializers.jackson;

import java.io.OutputStream;
import java.io.Reader;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.JsonParser;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.dataformat.yaml.YAMLFactory;
import tools.jackson.dataformat.yaml.YAMLParser;
import tools.jackson.dataformat.yaml.YAMLWriteFeature;

/**
 * Heads as YAML in UTF-8 and block style; the package says with which members. Much slower than the others: for caches
 * that people look into.
 */
public final class YamlSerializer extends HeadSerializer {
    /** The only instance. */
    public static final YamlSerializer INSTANCE = new YamlSerializer();

    private static final YAMLFactory YAML = limited(YAMLFactory.builder())
            .disable(YAMLWriteFeature.WRITE_DOC_START_MARKER, YAMLWriteFeature.SPLIT_LINES)
            .build();

    private YamlSerializer() {
        super("yaml", 3, false);
    }

    @Override
    JsonGenerator generator(OutputStream out) {
        return YAML.createGenerator(ObjectWriteContext.empty(), out);
    }

    @Override
    JsonParser parser(ByteBuffer bytes) throws CharacterCodingException {
        return YAML.createParser(ObjectReadContext.empty(), new PairReader(decode(bytes)));
    }

    @Override
    boolean isPlain(JsonParser parser) {
        return !((YAMLParser) parser).isCurrentAlias() && parser.getTypeId() == null;
    }

    /** Never hands out one half of a surrogate pair: the scanner fails when it has read one and its buffer is full. */
    private static final class PairReader extends Reader {
        private final CharBuffer text;

        PairReader(CharBuffer text) {
            this.text = text;
        }

        @Override
        public int read(char[] buffer, int offset, int length) {
            if (!text.hasRemaining()) {
                return -1;
            }
            int count = Math.min(length, text.remaining());
            if (count > 1 && Character.isHighSurrogate(text.charAt(count - 1))) {
                count--;
            }
            text.get(buffer, offset, count);
            return count;
        }

        @Override
        public void close() {}
    }
}
