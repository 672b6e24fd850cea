package dev.larder.storage.sqlite;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/** Names a process so that it can be told whether it still runs: by its number, and when it was started. */
final class Owner {
    static final String SELF = name(ProcessHandle.current());

    private Owner() {}

    private static String name(ProcessHandle process) {
        long started = process.info().startInstant().map(Instant::toEpochMilli).orElse(0L);
        return process.pid() + "@" + started;
    }

    static boolean isAlive(@Nullable String owner) {
        if (owner == null || owner.indexOf('@') < 0) {
            return false;
        }
        try {
            long pid = Long.parseLong(owner.substring(0, owner.indexOf('@')));
            return ProcessHandle.of(pid).map(Owner::name).filter(owner::equals).isPresent();
        } catch (NumberFormatException e) {
            return false; // the text is damaged
        }
    }
}
