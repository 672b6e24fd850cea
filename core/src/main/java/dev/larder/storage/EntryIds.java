package dev.larder.storage;

import java.security.SecureRandom;
import java.util.HexFormat;
import java.util.concurrent.atomic.AtomicLong;

/** Makes entry ids. */
public final class EntryIds {
    private static final long PROCESS = new SecureRandom().nextLong();
    private static final AtomicLong NEXT = new AtomicLong(new SecureRandom().nextInt());

    private EntryIds() {}

    /** A new id of 24 hexadecimal digits: 64 random bits of this process, then a counter. Thread-safe. */
    public static String next() {
        HexFormat hex = HexFormat.of();
        return hex.toHexDigits(PROCESS) + hex.toHexDigits((int) NEXT.getAndIncrement());
    }
}
