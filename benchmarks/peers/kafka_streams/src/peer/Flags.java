package peer;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/** The flags of a peer: {@code --name value} or {@code --name=value}; {@code --set key=value} may come often. */
final class Flags {
    private final Map<String, String> values = new HashMap<>();
    private final Map<String, String> set = new HashMap<>();
    private final Set<String> known;

    Flags(String[] argv, Set<String> known) {
        this.known = known;
        List<String> words = new ArrayList<>(List.of(argv));
        while (!words.isEmpty()) {
            String word = words.remove(0);
            int equals = word.indexOf('=');
            if (word.equals("--no-cache")) values.put("cache", "off");
            else if (equals > 0) put(word.substring(0, equals), word.substring(equals + 1));
            else if (words.isEmpty()) refuse(word + " needs a value");
            else put(word, words.remove(0));
        }
    }

    private void put(String flag, String value) {
        String name = flag.replaceFirst("^--", "");
        if (!known.contains(name) || !flag.startsWith("--")) refuse("unknown flag " + flag);
        if (!name.equals("set")) {
            values.put(name, value);
            return;
        }
        int equals = value.indexOf('=');
        if (equals < 0) refuse("--set key=value");
        set.put(value.substring(0, equals), value.substring(equals + 1));
    }

    boolean has(String name) { return values.containsKey(name); }

    String get(String name, String otherwise) { return values.getOrDefault(name, otherwise); }

    long number(String name, long otherwise) { return has(name) ? Long.parseLong(values.get(name)) : otherwise; }

    /** The value of a flag that must be there. */
    String needed(String name) {
        if (!has(name)) refuse("--" + name + " is needed");
        return values.get(name);
    }

    /** The value of a flag, which must be one of these; the first where it is not given. */
    String oneOf(String name, String... words) {
        String value = get(name, words[0]);
        if (!List.of(words).contains(value)) refuse("--" + name + " " + String.join("|", words));
        return value;
    }

    /** What {@code --set} said. */
    Map<String, String> set() { return set; }

    private void refuse(String why) {
        System.err.println(why + "\nflags: --" + String.join(" --", new TreeSet<>(known)));
        System.exit(64);
    }
}
