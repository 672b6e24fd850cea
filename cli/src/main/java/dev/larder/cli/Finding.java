package dev.larder.cli;

import java.util.Locale;

/**
 * Something that a linter for responses has to say.
 *
 * @param text one sentence without a full stop; may quote the response
 * @param section the document and section it rests on
 */
record Finding(Level level, String text, String section) {
    /** How bad it is. */
    enum Level {
        /** The response is not cached, or a cache may do harm with it. */
        ERROR(Colour.RED),
        /** It is cached less well than it could be, or differently by different caches. */
        WARNING(Colour.YELLOW),
        /** Worth knowing. */
        NOTE(Colour.CYAN);

        private final Colour colour;

        Level(Colour colour) {
            this.colour = colour;
        }

        Colour colour() {
            return colour;
        }

        String label() {
            return name().toLowerCase(Locale.ROOT);
        }
    }
}
