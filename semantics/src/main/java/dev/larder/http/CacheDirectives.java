package dev.larder.http;

/**
 * Reads {@code Cache-Control} and {@code Pragma} (RFC 9111 section 5.2), which is where caches leak.
 *
 * <p>Half of what can be said here allows something, half forbids something, and a mistake costs a refetch on one side
 * and a user's private page on the other. So there are two ways to read:
 *
 * <ul>
 *   <li>what fits the grammar exactly, {@code token [ "=" ( token / quoted-string ) ]} between commas, is reported with
 *       its argument;
 *   <li>in what does not, each word is reported as {@link Form#UNREADABLE}: a receiver honours the name if it forbids
 *       something, and takes it as an invalid grant if it allows something.
 * </ul>
 *
 * <p>Text within a quoted-string is opaque only while the quotes can be believed. Once an ill-formed member contains a
 * quote, nobody can say which later commas are quoted, so the rest of that field, its further lines included, is read
 * the second way. Space around {@code =} is the one flaw with a clear reading: name and argument are known, but the
 * member counts as unreadable.
 */
final class CacheDirectives {

    /** Seconds of a directive that is not there. */
    static final long ABSENT = -1;

    /** How the argument of a directive was written. */
    enum Form {
        NONE,
        TOKEN,
        QUOTED,
        UNREADABLE
    }

    /** Is told of each directive in order. */
    @FunctionalInterface
    interface Receiver {
        /**
         * One directive, or one word that may be the name of one.
         *
         * @param name in lower case
         * @param argument unquoted; empty if the form is {@code NONE} or {@code UNREADABLE}
         */
        void directive(String name, Form form, String argument);
    }

    private CacheDirectives() {}

    /** Reads all lines of a field. */
    static void read(HttpFields fields, String fieldName, Receiver receiver) {
        boolean trusted = true;
        for (int i = 0; i < fields.size(); i++) {
            if (fields.name(i).equalsIgnoreCase(fieldName)) {
                FieldScanner in = new FieldScanner(fields.value(i));
                trusted = trusted ? readLine(in, receiver) : readWords(in, false, receiver);
            }
        }
    }

    /** The one value of a directive that may have been repeated: RFC 9111 section 4.2.1 calls a conflict stale. */
    static long merge(long soFar, long next) {
        return soFar == ABSENT || soFar == next ? next : DeltaSeconds.INVALID;
    }

    /** Answers whether quotes can still be believed after this line. */
    private static boolean readLine(FieldScanner in, Receiver receiver) {
        for (in.skipListSeparators(); !in.atEnd(); in.skipListSeparators()) {
            int start = in.position();
            if (!readMember(in, receiver)) {
                in.moveTo(start);
                if (!readWords(in, true, receiver)) {
                    return false;
                }
            }
        }
        return true;
    }

    /** Answers whether the member fitted the grammar; if not, nothing was reported. */
    private static boolean readMember(FieldScanner in, Receiver receiver) {
        String name = in.token();
        if (name.isEmpty()) {
            return false;
        }
        Form form = Form.NONE;
        String argument = "";
        boolean spaced = false;
        int afterName = in.position();
        in.skipOws();
        if (in.eat('=')) {
            int afterEquals = in.position();
            in.skipOws();
            spaced = in.position() != afterEquals || afterEquals != afterName + 1;
            form = in.peek() == '"' ? Form.QUOTED : Form.TOKEN;
            String read = form == Form.QUOTED ? in.quotedString() : in.token();
            if (read == null || (form == Form.TOKEN && read.isEmpty())) {
                return false;
            }
            argument = read;
        }
        if (!in.atMemberEnd()) {
            return false;
        }
        if (spaced || !isPlain(name)) {
            // 'no-store' and no-store! are tokens, yet no sender of them meant an extension.
            readWords(new FieldScanner(name), true, receiver);
        } else {
            receiver.directive(Ascii.lowerCase(name), form, argument);
        }
        return true;
    }

    /** Reports every word up to the next comma, or, after a quote or if not trusted, up to the end. */
    private static boolean readWords(FieldScanner in, boolean trusted, Receiver receiver) {
        while (!in.atEnd() && !(trusted && in.peek() == ',')) {
            int start = in.position();
            while (isWordChar(in.peek())) {
                in.next();
            }
            if (in.position() > start) {
                receiver.directive(Ascii.lowerCase(in.since(start)), Form.UNREADABLE, "");
            } else {
                trusted &= in.next() != '"';
            }
        }
        return trusted;
    }

    private static boolean isPlain(String name) {
        for (int i = 0; i < name.length(); i++) {
            if (!isWordChar(name.charAt(i))) {
                return false;
            }
        }
        return true;
    }

    private static boolean isWordChar(char c) {
        return Ascii.isAlpha(c) || Ascii.isDigit(c) || c == '-' || c == '_';
    }
}
