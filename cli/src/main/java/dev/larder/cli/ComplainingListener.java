package dev.larder.cli;

import dev.larder.CacheListener;
import dev.larder.rules.StoredResponse;
import java.io.IOException;
import java.util.HashSet;
import java.util.Set;

/** Tells the user of what went wrong beside the answer, each thing once. */
final class ComplainingListener implements CacheListener {
    private final Console console;
    private final Set<String> said = new HashSet<>();
    private int damaged;
    private String abandonedWhy = "";

    ComplainingListener(Console console) {
        this.console = console;
    }

    /** How many damaged entries were found and removed. */
    synchronized int damaged() {
        return damaged;
    }

    /** Why the last response that could have been stored was not; empty when it was. */
    synchronized String abandonedWhy() {
        return abandonedWhy;
    }

    @Override
    public synchronized void abandoned(StoredResponse response, String why) {
        abandonedWhy = why;
    }

    @Override
    public synchronized void corrupt(String where, String what) {
        damaged++;
        say("warning: removed a damaged entry: " + where + ": " + what);
    }

    @Override
    public synchronized void storageFailed(String operation, Throwable failure) {
        say("warning: the storage failed (" + operation + "), going on without it: " + StorageChoice.problem(failure));
    }

    @Override
    public synchronized void failed(String operation, IOException failure) {
        say("warning: the storage failed (" + operation + "): " + StorageChoice.problem(failure));
    }

    /** The origin takes too long over what nobody is waiting for. */
    synchronized void revalidationGivenUp() {
        say("warning: the stale response could not be revalidated in time");
    }

    private void say(String message) {
        if (said.add(message)) {
            console.complain(message);
        }
    }
}
