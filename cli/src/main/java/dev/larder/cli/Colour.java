package dev.larder.cli;

/** The colours of a terminal that are readable on light and dark backgrounds. */
enum Colour {
    GREEN("\u001b[32m"),
    YELLOW("\u001b[33m"),
    RED("\u001b[31m"),
    CYAN("\u001b[36m"),
    FAINT("\u001b[2m"),
    BOLD("\u001b[1m");

    static final String RESET = "\u001b[0m";

    private final String code;

    Colour(String code) {
        this.code = code;
    }

    /** What switches it on. */
    String code() {
        return code;
    }
}
