package dev.larder.storage.s3;

import dev.larder.rules.StoredResponse;
import dev.larder.storage.BinarySerializer;
import dev.larder.storage.MalformedEntryException;
import dev.larder.storage.Serializer;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * All that is stored under one key, as its index object says it, version 1. Numbers are big-endian. Immutable.
 *
 * <pre>
 * index   := 0  magic "LARDER" 0x33, version          8
 *            8  checksum of the key's name and of all that follows   4
 *           12  number of entries                     4
 *           16  number of removed bodies              4
 *           20  flags (1: a removal has hit this key) 4
 *           24  generation                            8
 *           32  change                                8
 *           40  when it was changed, milliseconds     8
 *           48  when the key was last removed, milliseconds, or 0   8
 *           56  by which process                      8
 *           64  entry* removed*
 *
 * entry   := 0  format id of the serializer           1
 *            1  flags (1: the body is inline)         1
 *            2  length of the id                      2
 *            4  length of the head                    4
 *            8  length of the body                    8
 *           16  uses                                  8
 *           24  last use, milliseconds                8
 *           32  id, head as the serializer wrote it, body if it is inline
 *
 * removed := when, milliseconds (8), length of the id (2), id
 * </pre>
 *
 * <p>The <i>generation</i> is drawn anew by each removal of the whole key. It is what tells a writer, of whatever process,
 * that such a removal came after it began; and by its time, that one of another process came after the request for what it
 * writes, though before it began. The <i>change</i> is drawn anew by each change, so that who does not know
 * whether his conditional PUT was done can tell by looking. Removed bodies stay named until they may be deleted.
 */
final class KeyIndex {
    /** A longer object is none of ours. */
    static final int MAX_BYTES = 16 << 20;

    /** The size of an index with nothing in it. */
    static final int EMPTY_BYTES = 64;

    private static final long MAGIC = 0x4C41524445523300L;
    private static final int VERSION = 1;
    private static final int ENTRY = 32;
    private static final int CHECKED_FROM = 12;
    private static final int CHECKSUM_AT = 8;
    private static final int REMOVED_FLAG = 1;
    private static final int INLINE_FLAG = 1;
    private static final int MAX_ID = 64;

    /** Null when there is no such object. */
    final @Nullable String etag;
    /** False when a version of this library that arranges things in another way has written the object. */
    final boolean understood;

    final boolean removed;
    final long generation;
    final long change;
    final long changedAt;
    final Removal removal;
    final List<Variant> variants;
    final List<RemovedBody> removedBodies;
    /** What was wrong with entries that could not be read and are left out. */
    final List<String> damage;

    final int size;

    private KeyIndex(
            @Nullable String etag,
            boolean understood,
            boolean removed,
            long generation,
            long change,
            long changedAt,
            Removal removal,
            List<Variant> variants,
            List<RemovedBody> removedBodies,
            List<String> damage,
            int size) {
        this.etag = etag;
        this.understood = understood;
        this.removed = removed;
        this.generation = generation;
        this.change = change;
        this.changedAt = changedAt;
        this.removal = removal;
        this.variants = variants;
        this.removedBodies = removedBodies;
        this.damage = damage;
        this.size = size;
    }

    /**
     * One entry.
     *
     * @param inline the body, or null when it is an object of its own
     * @param entry null when another serializer wrote the head, which this one cannot read
     */
    record Variant(
            String id,
            byte formatId,
            ByteBuffer head,
            long bodyLength,
            @Nullable ByteBuffer inline,
            long uses,
            long lastUse,
            @Nullable S3Entry entry) {
        Variant withHead(byte newFormatId, ByteBuffer newHead, S3Entry newEntry) {
            return new Variant(id, newFormatId, newHead, bodyLength, inline, uses, lastUse, newEntry);
        }

        Variant withUses(long newUses, long newLastUse) {
            return new Variant(id, formatId, head, bodyLength, inline, newUses, newLastUse, entry);
        }

        int size() {
            return ENTRY + id.length() + head.remaining() + (inline == null ? 0 : inline.remaining());
        }
    }

    /**
     * The last removal of the whole key.
     *
     * @param at milliseconds
     * @param by which process
     */
    record Removal(long at, long by) {
        static final Removal NONE = new Removal(0, 0);
    }

    /** The body of an entry that was removed, which readers may still be at. */
    record RemovedBody(String id, long when) {}

    /** Where there is no object. */
    static KeyIndex none() {
        return new KeyIndex(null, true, false, 0, 0, 0, Removal.NONE, List.of(), List.of(), List.of(), 0);
    }

    /** In place of an object that says nothing to this version: it can be replaced, and is no entry. */
    static KeyIndex notUnderstood(String etag, int size) {
        return new KeyIndex(etag, false, true, 0, 0, 0, Removal.NONE, List.of(), List.of(), List.of(), size);
    }

    /** In place of an object that is damaged: it can be replaced, and has nothing in it. */
    static KeyIndex damaged(String etag, String what) {
        return new KeyIndex(etag, true, true, 0, 0, 0, Removal.NONE, List.of(), List.of(), List.of(what), 0);
    }

    int inlineBytes() {
        int sum = 0;
        for (Variant variant : variants) {
            sum += variant.inline == null ? 0 : variant.inline.remaining();
        }
        return sum;
    }

    /** What the entries take, in this object and in those of their bodies. */
    long accountedBytes() {
        long sum = variants.isEmpty() ? 0 : size;
        for (Variant variant : variants) {
            sum += variant.inline == null ? Blocks.stored(variant.bodyLength) : 0;
        }
        return sum;
    }

    /** When the key was last changed, or used as far as that was written; milliseconds. */
    long lastTouched() {
        long last = changedAt;
        for (Variant variant : variants) {
            last = Math.max(last, variant.lastUse);
        }
        return last;
    }

    @Nullable
    Variant find(String id) {
        for (Variant variant : variants) {
            if (variant.id.equals(id)) {
                return variant;
            }
        }
        return null;
    }

    private static int checksum(String name, byte[] bytes) {
        CRC32C crc = new CRC32C();
        byte[] salt = name.getBytes(StandardCharsets.US_ASCII);
        crc.update(salt, 0, salt.length);
        crc.update(bytes, CHECKED_FROM, bytes.length - CHECKED_FROM);
        return (int) crc.getValue();
    }

    // ---- writing

    static int size(List<Variant> variants, List<RemovedBody> removedBodies) {
        long size = EMPTY_BYTES;
        for (Variant variant : variants) {
            size += variant.size();
        }
        for (RemovedBody body : removedBodies) {
            size += Long.BYTES + Short.BYTES + body.id.length();
        }
        return (int) Math.min(size, Integer.MAX_VALUE);
    }

    static byte[] write(
            String name,
            boolean removed,
            long generation,
            long change,
            long changedAt,
            Removal removal,
            List<Variant> variants,
            List<RemovedBody> removedBodies) {
        ByteBuffer out = ByteBuffer.allocate(size(variants, removedBodies));
        out.putLong(MAGIC | VERSION).putInt(0);
        out.putInt(variants.size()).putInt(removedBodies.size()).putInt(removed ? REMOVED_FLAG : 0);
        out.putLong(generation)
                .putLong(change)
                .putLong(changedAt)
                .putLong(removal.at)
                .putLong(removal.by);
        for (Variant variant : variants) {
            out.put(variant.formatId).put((byte) (variant.inline == null ? 0 : INLINE_FLAG));
            out.putShort((short) variant.id.length()).putInt(variant.head.remaining());
            out.putLong(variant.bodyLength).putLong(variant.uses).putLong(variant.lastUse);
            out.put(variant.id.getBytes(StandardCharsets.US_ASCII)).put(variant.head.duplicate());
            if (variant.inline != null) {
                out.put(variant.inline.duplicate());
            }
        }
        for (RemovedBody body : removedBodies) {
            out.putLong(body.when).putShort((short) body.id.length());
            out.put(body.id.getBytes(StandardCharsets.US_ASCII));
        }
        byte[] bytes = out.array();
        out.putInt(CHECKSUM_AT, checksum(name, bytes));
        return bytes;
    }

    // ---- reading

    /**
     * What an object says.
     *
     * @param serializer reads the heads that it or {@link BinarySerializer} wrote
     */
    static KeyIndex read(String name, String etag, byte[] bytes, Serializer serializer) throws DamagedObjectException {
        if (bytes.length < EMPTY_BYTES) {
            throw new DamagedObjectException("shorter than any index");
        }
        ByteBuffer in = ByteBuffer.wrap(bytes);
        long magic = in.getLong();
        if ((magic & ~0xFFL) != MAGIC) {
            throw new DamagedObjectException("not an index");
        }
        if ((magic & 0xFF) != VERSION) {
            return notUnderstood(etag, bytes.length);
        }
        if (in.getInt() != checksum(name, bytes)) {
            throw new DamagedObjectException("the checksum is not that of this index");
        }
        int count = in.getInt();
        int removedCount = in.getInt();
        int flags = in.getInt();
        long generation = in.getLong();
        long change = in.getLong();
        long changedAt = in.getLong();
        Removal removal = new Removal(in.getLong(), in.getLong());
        if (count < 0 || count > in.remaining() / ENTRY || removedCount < 0 || removedCount > in.remaining() / 10) {
            throw new DamagedObjectException("impossible counts");
        }
        List<String> damage = new ArrayList<>(0);
        List<Variant> variants = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            readVariant(name, in, serializer, variants, damage);
        }
        List<RemovedBody> removedBodies = new ArrayList<>(removedCount);
        for (int i = 0; i < removedCount; i++) {
            need(in, Long.BYTES + Short.BYTES);
            long when = in.getLong();
            removedBodies.add(new RemovedBody(readId(in, in.getShort()), when));
        }
        if (in.hasRemaining()) {
            throw new DamagedObjectException("bytes after the index");
        }
        return new KeyIndex(
                etag,
                true,
                (flags & REMOVED_FLAG) != 0,
                generation,
                change,
                changedAt,
                removal,
                List.copyOf(variants),
                List.copyOf(removedBodies),
                List.copyOf(damage),
                bytes.length);
    }

    private static void readVariant(
            String name, ByteBuffer in, Serializer serializer, List<Variant> variants, List<String> damage)
            throws DamagedObjectException {
        need(in, ENTRY);
        byte formatId = in.get();
        boolean isInline = (in.get() & INLINE_FLAG) != 0;
        int idLength = in.getShort();
        int headLength = in.getInt();
        long bodyLength = in.getLong();
        long uses = in.getLong();
        long lastUse = in.getLong();
        String id = readId(in, idLength);
        need(in, headLength);
        if (bodyLength < 0 || bodyLength > Long.MAX_VALUE >> 1 || (isInline && bodyLength > in.remaining())) {
            throw new DamagedObjectException("impossible lengths");
        }
        ByteBuffer head = slice(in, headLength);
        ByteBuffer inline = null;
        if (isInline) {
            need(in, (int) bodyLength);
            inline = slice(in, (int) bodyLength);
        }
        Serializer reader = readerOf(formatId, serializer);
        if (reader == null) {
            variants.add(new Variant(id, formatId, head, bodyLength, inline, uses, lastUse, null));
            return;
        }
        try {
            StoredResponse stored = reader.read(head.duplicate());
            if (!stored.id().equals(id)) {
                throw new MalformedEntryException("the head is that of another entry");
            }
            S3Entry entry = new S3Entry(name, stored, bodyLength, inline, uses, lastUse);
            variants.add(new Variant(id, formatId, head, bodyLength, inline, uses, lastUse, entry));
        } catch (MalformedEntryException e) {
            damage.add(String.valueOf(e.getMessage()));
        }
    }

    private static @Nullable Serializer readerOf(byte formatId, Serializer serializer) {
        if (serializer.formatId() == formatId) {
            return serializer;
        }
        return BinarySerializer.INSTANCE.formatId() == formatId ? BinarySerializer.INSTANCE : null;
    }

    private static void need(ByteBuffer in, int length) throws DamagedObjectException {
        if (length < 0 || length > in.remaining()) {
            throw new DamagedObjectException("cut off");
        }
    }

    private static ByteBuffer slice(ByteBuffer in, int length) {
        ByteBuffer slice = in.slice(in.position(), length);
        in.position(in.position() + length);
        return slice;
    }

    private static String readId(ByteBuffer in, int length) throws DamagedObjectException {
        need(in, length);
        byte[] id = new byte[length];
        in.get(id);
        String text = new String(id, StandardCharsets.US_ASCII);
        if (!isId(text)) {
            throw new DamagedObjectException("an id is none");
        }
        return text;
    }

    /** Whether a text can be an entry's id, and so the name of an object. */
    static boolean isId(String text) {
        if (text.isEmpty() || text.length() > MAX_ID) {
            return false;
        }
        for (int i = 0; i < text.length(); i++) {
            if (!isDigit(text.charAt(i))) {
                return false;
            }
        }
        return true;
    }

    static boolean isDigit(char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
    }
}
