package dev.larder.http;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Lists of codings or language ranges with weights (RFC 9110 sections 12.4.2, 12.5.3 and 12.5.4). */
final class WeightedList {

    private WeightedList() {}

    /** One text for all lists that mean the same; null when the value does not fit the grammar. */
    static @Nullable String canonical(String value) {
        List<String> members = new ArrayList<>();
        FieldScanner in = new FieldScanner(value);
        for (in.skipListSeparators(); !in.atEnd(); in.skipListSeparators()) {
            String range = Ascii.lowerCase(in.token());
            in.skipOws();
            int thousandths = in.eat(';') ? weight(in) : 1000;
            if (range.isEmpty() || thousandths < 0 || !in.atMemberEnd()) {
                return null;
            }
            // A weight as it would be sent: so no value that is none can look like one.
            members.add(
                    thousandths == 1000
                            ? range
                            : range + ";q=0."
                                    + Integer.toString(1000 + thousandths).substring(1));
        }
        Collections.sort(members);
        return String.join(",", members);
    }

    /** Reads {@code q=0.25} as 250; negative when it is no weight. */
    private static int weight(FieldScanner in) {
        in.skipOws();
        if (!in.eatIgnoreCase("q=")) {
            return FieldScanner.NONE;
        }
        int thousandths = in.digits(1) * 1000;
        if (thousandths < 0 || thousandths > 1000) {
            return FieldScanner.NONE;
        }
        if (in.eat('.')) {
            for (int unit = 100; unit > 0 && Ascii.isDigit(in.peek()); unit /= 10) {
                thousandths += in.digits(1) * unit;
            }
        }
        return thousandths <= 1000 ? thousandths : FieldScanner.NONE;
    }
}
