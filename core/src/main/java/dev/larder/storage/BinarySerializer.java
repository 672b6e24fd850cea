package dev.larder.storage;

import dev.larder.http.HttpFields;
import dev.larder.http.TargetUri;
import dev.larder.rules.Digest;
import dev.larder.rules.LifetimeSource;
import dev.larder.rules.SelectingField;
import dev.larder.rules.StoredResponse;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The default: a compact format of its own.
 *
 * <pre>
 * head    := version(1 byte) flags(1 byte) id key method uri status times ttl fields selecting tags [digest]
 * times   := request response created                       milliseconds, zigzag varints
 * fields  := count (name value)*
 * string  := varint(2 * length + wide) bytes                ISO 8859-1, or UTF-16BE when wide; length in characters
 * </pre>
 *
 * <p>Two encodings of strings, because fields are nearly always ASCII, for which the JDK merely copies, and because unlike
 * UTF-8 the wide one keeps every Java string, unpaired surrogates included: a key must come back equal or not at all.
 * There is no checksum here; storages have one of their own over more than the head.
 */
public final class BinarySerializer implements Serializer {
    /** The only instance. */
    public static final BinarySerializer INSTANCE = new BinarySerializer();

    /** The most field lines a head may have. */
    public static final int MAX_FIELDS = 10_000;

    /** The most bytes a head may have. */
    public static final int MAX_BYTES = 1 << 20;

    private static final byte VERSION = 1;
    // Few, because an immutable set of strings made to collide takes quadratic time.
    private static final int MAX_TAGS = 1_000;
    private static final int MAX_SELECTING = 1_000;

    private static final int AUTHORIZED = 1;
    private static final int SLIDING = 2;
    private static final int DIGEST = 4;
    private static final int ALL_FLAGS = AUTHORIZED | SLIDING | DIGEST;

    private static final int NO_CACHE = 1;
    private static final int NO_STALE = 2;
    private static final int UNUSABLE = 4;
    private static final int ALL_DIGEST_FLAGS = NO_CACHE | NO_STALE | UNUSABLE;

    /** By their numbers in the format. */
    private static final List<LifetimeSource> SOURCES = List.of(
            LifetimeSource.S_MAXAGE,
            LifetimeSource.MAX_AGE,
            LifetimeSource.EXPIRES,
            LifetimeSource.HEURISTIC,
            LifetimeSource.INVALID,
            LifetimeSource.NONE,
            LifetimeSource.CONFIGURED);

    private BinarySerializer() {}

    @Override
    public String format() {
        return "binary";
    }

    @Override
    public byte formatId() {
        return 1;
    }

    @Override
    public boolean isBinary() {
        return true;
    }

    @Override
    public byte[] write(StoredResponse head) {
        HttpFields fields = head.fields();
        require(fields.size() <= MAX_FIELDS, "fields");
        require(head.selecting().size() <= MAX_SELECTING, "selecting fields");
        require(head.tags().size() <= MAX_TAGS, "tags");
        Digest digest = head.knownDigest();
        Output out = new Output();
        out.octet(VERSION);
        out.octet((head.authorized() ? AUTHORIZED : 0)
                | (head.slidingTtl() ? SLIDING : 0)
                | (digest != null ? DIGEST : 0));
        out.string(head.id());
        out.string(head.key());
        out.string(head.method());
        out.string(head.uri().toString());
        out.signed(head.status());
        out.signed(head.requestTime());
        out.signed(head.responseTime());
        out.signed(head.createdAt());
        out.signed(head.ttlMillis());
        out.varint(fields.size());
        for (int i = 0; i < fields.size(); i++) {
            out.string(fields.name(i));
            out.string(fields.value(i));
        }
        out.varint(head.selecting().size());
        for (SelectingField selecting : head.selecting()) {
            out.string(selecting.name());
            String value = selecting.value();
            out.octet(value == null ? 0 : 1);
            if (value != null) {
                out.string(value);
            }
        }
        // Sorted, so that equal heads are equal bytes.
        String[] tags = head.tags().toArray(String[]::new);
        Arrays.sort(tags);
        out.varint(tags.length);
        for (String tag : tags) {
            out.string(tag);
        }
        if (digest != null) {
            writeDigest(digest, out);
        }
        return out.bytes();
    }

    private static void writeDigest(Digest digest, Output out) {
        out.signed(digest.version());
        out.signed(digest.policy());
        out.signed(digest.initialAge());
        out.signed(digest.lifetime());
        out.octet(SOURCES.indexOf(digest.lifetimeSource()));
        out.octet((digest.noCache() ? NO_CACHE : 0)
                | (digest.noStale() ? NO_STALE : 0)
                | (digest.unusable() ? UNUSABLE : 0));
        out.signed(digest.staleIfError());
    }

    private static void require(boolean fits, String what) {
        if (!fits) {
            throw new IllegalArgumentException("too many " + what + " to be stored");
        }
    }

    @Override
    public StoredResponse read(ByteBuffer bytes) throws MalformedEntryException {
        if (bytes.remaining() > MAX_BYTES) {
            throw new MalformedEntryException("longer than any head");
        }
        Input in = new Input(bytes);
        try {
            return read(in);
        } catch (IllegalArgumentException e) {
            // A URI or a field name that is none.
            throw new MalformedEntryException("invalid text in the head", e);
        }
    }

    private static StoredResponse read(Input in) throws MalformedEntryException {
        int version = in.octet();
        if (version != VERSION) {
            throw new MalformedEntryException("version " + version + " of the binary format is not known");
        }
        int flags = in.flags(ALL_FLAGS);
        StoredResponse.Builder head = StoredResponse.builder()
                .id(in.string())
                .key(in.string())
                .method(in.string())
                .uri(TargetUri.parse(in.string()))
                .status(in.signedInt())
                .times(in.signed(), in.signed())
                .createdAt(in.signed())
                .authorized((flags & AUTHORIZED) != 0)
                .ttl(in.signed(), (flags & SLIDING) != 0)
                .fields(readFields(in))
                .selecting(readSelecting(in))
                .tags(readTags(in));
        if ((flags & DIGEST) != 0) {
            head.digest(readDigest(in));
        }
        if (in.remaining() != 0) {
            throw new MalformedEntryException("bytes after the head");
        }
        return head.build();
    }

    private static HttpFields readFields(Input in) throws MalformedEntryException {
        int count = in.count(MAX_FIELDS, 2);
        HttpFields.Builder fields = HttpFields.builder();
        for (int i = 0; i < count; i++) {
            fields.add(in.string(), in.string());
        }
        return fields.build();
    }

    private static List<SelectingField> readSelecting(Input in) throws MalformedEntryException {
        int count = in.count(MAX_SELECTING, 2);
        List<SelectingField> selecting = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            String name = in.string();
            selecting.add(new SelectingField(name, in.flags(1) == 1 ? in.string() : null));
        }
        return selecting;
    }

    private static Set<String> readTags(Input in) throws MalformedEntryException {
        int count = in.count(MAX_TAGS, 1);
        Set<String> tags = new HashSet<>();
        for (int i = 0; i < count; i++) {
            tags.add(in.string());
        }
        return tags;
    }

    /** Null when other code made it, which will be noticed as if there were none. */
    private static @Nullable Digest readDigest(Input in) throws MalformedEntryException {
        int version = in.signedInt();
        int policy = in.signedInt();
        long initialAge = in.signed();
        long lifetime = in.signed();
        int source = in.octet();
        int flags = in.flags(ALL_DIGEST_FLAGS);
        long staleIfError = in.signed();
        if (version != Digest.VERSION || source >= SOURCES.size() || initialAge < 0 || lifetime < 0) {
            return null;
        }
        return new Digest(
                version,
                policy,
                initialAge,
                lifetime,
                SOURCES.get(source),
                (flags & NO_CACHE) != 0,
                (flags & NO_STALE) != 0,
                (flags & UNUSABLE) != 0,
                staleIfError);
    }

    private static boolean isWide(String text) {
        for (int i = 0; i < text.length(); i++) {
            if (text.charAt(i) > 0xFF) {
                return true;
            }
        }
        return false;
    }

    private static final class Output {
        private byte[] bytes = new byte[512];
        private int size;

        byte[] bytes() {
            return Arrays.copyOf(bytes, size);
        }

        private void room(int more) {
            if (more > MAX_BYTES - size) {
                throw new IllegalArgumentException("the head is too large to be stored");
            }
            if (more > bytes.length - size) {
                bytes = Arrays.copyOf(bytes, Math.max(size + more, 2 * bytes.length));
            }
        }

        void octet(int value) {
            room(1);
            bytes[size++] = (byte) value;
        }

        void varint(long value) {
            long rest = value;
            while ((rest & ~0x7FL) != 0) {
                octet((int) (rest & 0x7F) | 0x80);
                rest >>>= 7;
            }
            octet((int) rest);
        }

        void signed(long value) {
            varint((value << 1) ^ (value >> 63));
        }

        void string(String text) {
            boolean wide = isWide(text);
            varint(2L * text.length() + (wide ? 1 : 0));
            if (!wide) {
                byte[] latin = text.getBytes(StandardCharsets.ISO_8859_1);
                room(latin.length);
                System.arraycopy(latin, 0, bytes, size, latin.length);
                size += latin.length;
                return;
            }
            for (int i = 0; i < text.length(); i++) {
                octet(text.charAt(i) >> 8);
                octet(text.charAt(i));
            }
        }
    }

    private static final class Input {
        private final byte[] bytes;
        private final int end;
        private int at;

        Input(ByteBuffer buffer) {
            if (buffer.hasArray()) {
                bytes = buffer.array();
                at = buffer.arrayOffset() + buffer.position();
            } else {
                bytes = new byte[buffer.remaining()];
                buffer.duplicate().get(bytes);
            }
            end = at + buffer.remaining();
        }

        int remaining() {
            return end - at;
        }

        int octet() throws MalformedEntryException {
            if (at == end) {
                throw new MalformedEntryException("the head is cut off");
            }
            return bytes[at++] & 0xFF;
        }

        int flags(int known) throws MalformedEntryException {
            int flags = octet();
            if ((flags & ~known) != 0) {
                throw new MalformedEntryException("unknown flags");
            }
            return flags;
        }

        long varint() throws MalformedEntryException {
            long value = 0;
            for (int shift = 0; shift < 64; shift += 7) {
                int next = octet();
                value |= (long) (next & 0x7F) << shift;
                if (next < 0x80) {
                    return value;
                }
            }
            throw new MalformedEntryException("a number is too long");
        }

        long signed() throws MalformedEntryException {
            long value = varint();
            return (value >>> 1) ^ -(value & 1);
        }

        int signedInt() throws MalformedEntryException {
            long value = signed();
            if (value != (int) value) {
                throw new MalformedEntryException("a number is too large");
            }
            return (int) value;
        }

        /** How many items follow, each of which takes some bytes at least. */
        int count(int most, int bytesEach) throws MalformedEntryException {
            long count = varint();
            if (count < 0 || count > most || count * bytesEach > remaining()) {
                throw new MalformedEntryException("a count is too large");
            }
            return (int) count;
        }

        String string() throws MalformedEntryException {
            long tagged = varint();
            boolean wide = (tagged & 1) == 1;
            long length = tagged >>> 1;
            if (length > (wide ? remaining() / 2 : remaining())) {
                throw new MalformedEntryException("a string is longer than the head");
            }
            int count = (int) length;
            if (!wide) {
                String text = new String(bytes, at, count, StandardCharsets.ISO_8859_1);
                at += count;
                return text;
            }
            char[] chars = new char[count];
            for (int i = 0; i < count; i++, at += 2) {
                chars[i] = (char) ((bytes[at] & 0xFF) << 8 | (bytes[at + 1] & 0xFF));
            }
            return new String(chars);
        }
    }
}
