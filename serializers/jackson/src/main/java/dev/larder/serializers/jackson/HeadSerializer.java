package dev.larder.serializers.jackson;

import dev.larder.rules.StoredResponse;
import dev.larder.storage.BinarySerializer;
import dev.larder.storage.MalformedEntryException;
import dev.larder.storage.Serializer;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.JsonParser;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.TSFBuilder;
import tools.jackson.core.TokenStreamFactory;

/** What the formats have in common: all of it but how tokens become bytes. */
abstract sealed class HeadSerializer implements Serializer permits JsonSerializer, YamlSerializer, CborSerializer {
    /** The head, a list in it, what is in the list, and a text that is an array. */
    private static final int DEEPEST = 4;

    private final String format;
    private final byte formatId;
    private final boolean binary;

    HeadSerializer(String format, int formatId, boolean binary) {
        this.format = format;
        this.formatId = (byte) formatId;
        this.binary = binary;
    }

    /** With limits that every head keeps, and without a table of names, which data could fill with colliding ones. */
    static <F extends TokenStreamFactory, B extends TSFBuilder<F, B>> B limited(B factory) {
        return factory.disable(TokenStreamFactory.Feature.CANONICALIZE_PROPERTY_NAMES)
                .streamReadConstraints(StreamReadConstraints.builder()
                        .maxNestingDepth(DEEPEST)
                        .maxStringLength(BinarySerializer.MAX_BYTES)
                        .maxNameLength(BinarySerializer.MAX_BYTES)
                        .maxNumberLength(100)
                        .build());
    }

    abstract JsonGenerator generator(OutputStream out);

    abstract JsonParser parser(ByteBuffer bytes) throws CharacterCodingException, MalformedEntryException;

    /** Whether the token just read is nothing but itself: no reference and no name of a type. */
    boolean isPlain(JsonParser parser) {
        return true;
    }

    /** Refuses what is no UTF-8, so that no text is ever read as another one. */
    static CharBuffer decode(ByteBuffer bytes) throws CharacterCodingException {
        return StandardCharsets.UTF_8.newDecoder().decode(bytes.duplicate());
    }

    @Override
    public String format() {
        return format;
    }

    @Override
    public byte formatId() {
        return formatId;
    }

    @Override
    public boolean isBinary() {
        return binary;
    }

    /**
     * The bytes of a head. Equal heads with equal digests are equal bytes.
     *
     * @throws IllegalArgumentException when the head has more field lines, or would be more bytes, than
     *     {@link BinarySerializer} allows
     */
    @Override
    public byte[] write(StoredResponse head) {
        Output out = new Output();
        try (JsonGenerator generator = generator(out)) {
            new HeadWriter(generator, binary).write(head);
        }
        return out.toByteArray();
    }

    @Override
    public StoredResponse read(ByteBuffer bytes) throws MalformedEntryException {
        if (bytes.remaining() > BinarySerializer.MAX_BYTES) {
            throw new MalformedEntryException("longer than any head");
        }
        try (JsonParser parser = parser(bytes)) {
            return new HeadReader(parser, this).read();
        } catch (JacksonException e) {
            // Without the exception, whose message repeats what it could not read.
            throw new MalformedEntryException("not well-formed " + format);
        } catch (CharacterCodingException e) {
            throw new MalformedEntryException("not UTF-8");
        } catch (RuntimeException e) {
            // A URI or a time that is none; and the parsers below are not sure never to throw something of their own.
            throw new MalformedEntryException("invalid text in the head");
        }
    }

    /** Collects bytes, up to as many as a head may have. */
    private static final class Output extends OutputStream {
        private byte[] bytes = new byte[1024];
        private int size;

        @Override
        public void write(int value) {
            room(1);
            bytes[size++] = (byte) value;
        }

        @Override
        public void write(byte[] from, int offset, int length) {
            room(length);
            System.arraycopy(from, offset, bytes, size, length);
            size += length;
        }

        private void room(int more) {
            if (more > BinarySerializer.MAX_BYTES - size) {
                throw new IllegalArgumentException("the head is too large to be stored");
            }
            if (more > bytes.length - size) {
                bytes = Arrays.copyOf(bytes, Math.max(size + more, 2 * bytes.length));
            }
        }

        byte[] toByteArray() {
            return Arrays.copyOf(bytes, size);
        }
    }
}
