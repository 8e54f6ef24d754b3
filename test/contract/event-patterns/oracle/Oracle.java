// Asks AWS's own event matcher: reads lines "pattern TAB event" (JSON texts), answers a line for each:
// 1 = match, 0 = no match, x = the pattern is invalid. One machine with one rule for each line.

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import software.amazon.event.ruler.Machine;

public final class Oracle {
    private Oracle() { }

    public static void main(final String[] arguments) throws Exception {
        final BufferedReader input = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        final PrintStream output = new PrintStream(System.out, false, StandardCharsets.UTF_8);
        for (String line = input.readLine(); line != null; line = input.readLine()) {
            final int tab = line.indexOf('\t');
            output.println(answer(line.substring(0, tab), line.substring(tab + 1)));
        }
        output.flush();
    }

    private static String answer(final String pattern, final String event) throws Exception {
        final Machine machine = Machine.builder().build();
        try {
            machine.addRule("rule", pattern);
        } catch (Exception invalid) {
            return "x";
        }
        return machine.rulesForJSONEvent(event).isEmpty() ? "0" : "1";
    }
}
