"""Texts that templates, YAML, Helm or a shell could take for more than text. Every one has to arrive as it is."""

TEXTS = (
    # Jinja and Go templates
    "{{ 7 * 7 }}", "{{ run.name }}", "{{", "}}", "{{ '{{' }}", "{% raw %}", "{% endraw %}", "{%- if true -%}", "{# no",
    "#}", "{{ .Values.x }}", "{{- fail \"no\" -}}", "{{ include \"x\" . }}", "{{/* a */}}", "{{`x`}}", "{{ self }}",
    "{{ ''.__class__.__mro__ }}", "{{ cycler.__init__.__globals__.os }}", "{% include 'script/job.yaml' %}",
    # shells
    "${#a[@]}", "$(reboot)", "`reboot`", "$HOME", "$$", "${IFS}", "a; b && c | d > e", "!history", "*", "?", "~",
    # YAML indicators and words
    "", " ", "  leading", "trailing  ", "a: b", "a:b", ": ", "- a", "-", "--- ", "---", "...", "---\nkind: Secret\n",
    "a\n---\nb", "# comment", "a # comment", "&anchor", "*alias", "!!str a", "!tag", "|", ">", "|-\n  a", "%YAML 1.1",
    "@a", "[1, 2]", "{a: b}", "]", "}", ",", "? a", "<<", "=", "yes", "no", "on", "off", "y", "n", "Yes", "TRUE", "~",
    "null", "Null", "0x1f", "0o17", "0777", "017", "1e3", "1_000", "+1", "-0", ".5", ".inf", ".nan", "1:30",
    "190:20:30", "2001-01-01", "2001-01-01T00:00:00Z", "0b1", "1e400", "123456789012345678901234567890",
    # quotes and escapes
    "'", "\"", "''", "\"\"", "'\"", "\\", "\\\\", "\\n", "\\\"", "a\\", "\\u0041", "\\ud83d\\ude00", "\\x41", "%s",
    "%(a)s", "<b>&amp;</b>", "<script>", "&#34;",
    # lines and blanks
    "\n", "\n\n", "a\nb", "a\n", "\na", "a\r\nb\r\n", "\r", "a\rb", "\t", "\ta", "a\tb", "a\x0bb", "a\x0cb", "a \n b",
    "\n  a\n b",
    # characters that some parser folds, refuses or takes for a line end
    "\x00", "a\x00b", "\x01", "\x07", "\x08", "\x1b[31m", "\x1c", "\x1d", "\x1e", "\x1f", "\x7f", "\x80", "\x85",
    "a\x85b", "\x9f", "\xa0", "\xad", "\u200b", "\u2028", "a\u2028b", "\u2029", "\u202e", "\u2066", "\ufeff",
    "a\ufeffb", "\ufffd", "\ufffe", "\uffff", "\ud7ff", "\ue000", "\U0001fffe", "\U0010ffff",
    # text beyond ASCII
    "磁盘检查，：“引号”", "é", "e\u0301", "İı", "😀", "👩‍👩‍👧‍👦", "🇩🇪", "a😀b", "\U00020000",
    # other languages inside
    "{\"kind\":\"Secret\"}", "# Source: inspection/templates/x.yaml", "caseName:a, result:success",
    "-----BEGIN KEY-----",
)  # fmt: skip

LONG = ("x" * 5000, "磁" * 5000, "a: b\n" * 2000, " " * 2000, "😀" * 2000, "x" * 1200 + ": y")

#: The same in the middle of something, at the end of a line, and twice.
MANY = tuple(dict.fromkeys(made for text in TEXTS for made in (text, f"a{text}b", f"{text}\n", f"{text} {text}")))
