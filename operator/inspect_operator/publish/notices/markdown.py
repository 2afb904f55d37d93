"""Messages in the markdown that DingTalk and WeCom take."""

import re

from inspect_operator.publish.notices import message

#: These would make links, mentions and colours of what a script printed; their full-width sisters read the same.
_FULL_WIDTH = str.maketrans("<>[]`", "＜＞［］｀")


def escape(text: str) -> str:
    """Without markup, but for emphasis, which does no harm."""
    return re.sub(r"@(?=\w)", "＠", text.translate(_FULL_WIDTH))


def of(said: message.Message) -> str:
    """Title and sections, or what the template made."""
    if said.custom:
        return said.custom
    lines = [f"### {escape(said.title)}"]
    for section in said.sections:
        lines += ["", f"**{escape(section.head)}**", "", *(f"- {escape(line)}" for line in section.lines)]
    return "\n".join(lines)
