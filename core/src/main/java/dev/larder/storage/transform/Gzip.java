package dev.larder.storage.transform;

import dev.larder.http.HttpFields;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Locale;
import java.util.Set;
import java.util.zip.CRC32;
import java.util.zip.DataFormatException;
import java.util.zip.Deflater;
import java.util.zip.Inflater;

/** Members of the gzip format (RFC 1952), each of which is a piece of a body by itself. */
final class Gzip {
    /** Twice as quick as zlib's usual level 6, for some 5 % more bytes: a response waits for it when it is stored. */
    private static final int LEVEL = 4;

    private static final int HEADER = 10;
    private static final int TRAILER = 8;

    /** Identification, the method "deflate", no flags, no time, nothing about the level, an unknown system. */
    private static final byte[] BEGINNING = {0x1F, (byte) 0x8B, 8, 0, 0, 0, 0, 0, 0, (byte) 0xFF};

    private static final Set<String> COMPRESSED_TYPES = Set.of(
            "application/zip",
            "application/gzip",
            "application/x-gzip",
            "application/zstd",
            "application/x-bzip2",
            "application/x-xz",
            "application/x-7z-compressed",
            "application/x-rar-compressed",
            "application/vnd.rar",
            "application/java-archive",
            "application/epub+zip",
            "application/font-woff",
            "font/woff",
            "font/woff2");
    private static final Set<String> UNCOMPRESSED_IMAGES =
            Set.of("image/svg+xml", "image/bmp", "image/x-icon", "image/vnd.microsoft.icon", "image/x-ms-bmp");

    private Gzip() {}

    static Deflater deflater() {
        return new Deflater(LEVEL, true);
    }

    /** Whether a body may be worth it, by what the fields say. */
    static boolean isWorthwhile(HttpFields fields) {
        if (fields.first("Content-Encoding") != null) {
            return false;
        }
        String type = fields.first("Content-Type");
        if (type == null) {
            return true;
        }
        int end = type.indexOf(';');
        String media = (end < 0 ? type : type.substring(0, end)).trim().toLowerCase(Locale.ROOT);
        return UNCOMPRESSED_IMAGES.contains(media)
                || !(media.startsWith("image/")
                        || media.startsWith("video/")
                        || media.startsWith("audio/")
                        || COMPRESSED_TYPES.contains(media));
    }

    /**
     * Writes the bytes as one member, if that is shorter than they are.
     *
     * @return how long it is, or -1
     */
    static int compress(Deflater deflater, byte[] bytes, int length, byte[] target, int from) {
        int room = Math.min(length - 1, target.length - from) - HEADER - TRAILER;
        if (room <= 0) {
            return -1;
        }
        deflater.reset();
        deflater.setInput(bytes, 0, length);
        deflater.finish();
        int n = deflater.deflate(target, from + HEADER, room);
        if (!deflater.finished()) {
            return -1;
        }
        CRC32 crc = new CRC32();
        crc.update(bytes, 0, length);
        System.arraycopy(BEGINNING, 0, target, from, HEADER);
        ByteBuffer.wrap(target, from + HEADER + n, TRAILER)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt((int) crc.getValue())
                .putInt(length);
        return HEADER + n + TRAILER;
    }

    /** Reads one member of so many bytes, with nothing after it, as {@link #compress} writes it. */
    static byte[] decompress(ByteBuffer member, int expected) throws DamagedException {
        int size = member.remaining() - HEADER - TRAILER;
        if (size < 0 || !member.slice(member.position(), HEADER).equals(ByteBuffer.wrap(BEGINNING))) {
            throw new DamagedException("its compressed bytes have no header");
        }
        Inflater inflater = new Inflater(true);
        try {
            inflater.setInput(member.slice(member.position() + HEADER, size));
            byte[] all = new byte[expected];
            int n = 0;
            while (n < expected && !inflater.finished()) {
                int more = inflater.inflate(all, n, expected - n);
                if (more == 0 && (inflater.needsInput() || inflater.needsDictionary())) {
                    break;
                }
                n += more;
            }
            // The end has to be there, and no more.
            boolean whole = n == expected
                    && (inflater.finished() || inflater.inflate(new byte[1]) == 0)
                    && inflater.finished()
                    && inflater.getRemaining() == 0;
            CRC32 crc = new CRC32();
            crc.update(all);
            ByteBuffer trailer = member.slice(member.limit() - TRAILER, TRAILER).order(ByteOrder.LITTLE_ENDIAN);
            if (!whole || trailer.getInt() != (int) crc.getValue() || trailer.getInt() != expected) {
                throw new DamagedException("its compressed bytes have another length or checksum");
            }
            return all;
        } catch (DataFormatException e) {
            throw new DamagedException("its compressed bytes are malformed");
        } finally {
            inflater.end();
        }
    }
}
