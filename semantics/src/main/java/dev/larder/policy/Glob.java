package dev.larder.policy;

/**
 * A pattern in which {@code *} stands for any characters but {@code /}, and {@code **} for any at all. Matching takes time in
 * proportion to the product of both lengths, whatever the pattern.
 */
record Glob(String pattern) {
    private static final char ANY = '\uffff';

    Glob(String pattern) {
        this.pattern = pattern.replace("**", String.valueOf(ANY));
    }

    /** Whether all of the text matches. */
    boolean matches(String text) {
        // One row for each character of the pattern: which prefixes of the text it can have matched.
        boolean[] reached = new boolean[text.length() + 1];
        reached[0] = true;
        for (int i = 0; i < pattern.length(); i++) {
            char c = pattern.charAt(i);
            boolean[] next = new boolean[text.length() + 1];
            if (c == ANY || c == '*') {
                for (int j = 0; j <= text.length(); j++) {
                    next[j] = reached[j] || (j > 0 && next[j - 1] && (c == ANY || text.charAt(j - 1) != '/'));
                }
            } else {
                for (int j = 1; j <= text.length(); j++) {
                    next[j] = reached[j - 1] && text.charAt(j - 1) == c;
                }
            }
            reached = next;
        }
        return reached[text.length()];
    }
}
