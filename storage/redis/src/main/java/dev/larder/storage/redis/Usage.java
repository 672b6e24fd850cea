package dev.larder.storage.redis;

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
        long[] numbers = new long[4];
        int at = 0;
        boolean digits = false;
        for (byte c : field) {
            int digit = c - '0';
            if (c == ' ' && digits && at < 3) {
                at++;
                digits = false;
            } else if (digit >= 0 && digit <= 9 && numbers[at] <= MAX) {
                numbers[at] = 10 * numbers[at] + digit;
                digits = true;
            } else {
                throw new DamagedEntryException("the uses cannot be read");
            }
        }
        if (at < 3 || !digits) {
            throw new DamagedEntryException("the uses cannot be read");
        }
        return new Usage(numbers[0], numbers[1], numbers[2], numbers[3]);
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
