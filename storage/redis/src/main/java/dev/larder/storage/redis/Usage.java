package dev.larder.storage.redis;

import java.nio.charset.StandardCharsets;

/**
 * What the {@code u} field of an entry says: four decimal numbers.
 *
 * @param lastUse in microseconds; the thousandths of the milliseconds only tell uses apart
 * @param uses how many
 * @param expiresAt the millisecond from which on the entry is not there any more; 0 is never
 * @param sliding by how many milliseconds a use prolongs it; 0 is not at all
 */
record Usage(long lastUse, long uses, long expiresAt, long sliding) {
    /** What a script can count to; it knows only floating point numbers. */
    static final long MAX = (1L << 53) - 1;

    static Usage parse(byte[] field) throws DamagedEntryException {
        String[] parts = new String(field, StandardCharsets.ISO_8859_1).split(" ", -1);
        if (parts.length != 4) {
            throw new DamagedEntryException("the uses cannot be read");
        }
        return new Usage(number(parts[0]), number(parts[1]), number(parts[2]), number(parts[3]));
    }

    private static long number(String digits) throws DamagedEntryException {
        long number = 0;
        for (int i = 0; i < digits.length(); i++) {
            int digit = digits.charAt(i) - '0';
            if (digit < 0 || digit > 9 || number > MAX) {
                throw new DamagedEntryException("the uses cannot be read");
            }
            number = 10 * number + digit;
        }
        if (digits.isEmpty() || number > MAX) {
            throw new DamagedEntryException("the uses cannot be read");
        }
        return number;
    }

    /** The same for an entry whose last use may be later than this says. */
    boolean isExpired(long now, long laterUse) {
        if (expiresAt == 0) {
            return false;
        }
        long end = sliding == 0 ? expiresAt : Math.max(expiresAt, laterUse / 1000 + sliding);
        return end <= now;
    }
}
