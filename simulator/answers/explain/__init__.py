"""One future of one trust, written as arithmetic that a calculator can follow.

The values are the model's own (see `running.future`). The formulas are those of
docs/model.md, by the names used there, and are for the reader: no value of the model
is computed from them, and tests hold them to the values.

`asking` finds the future, `formulas` and `variants` say how each quantity follows,
`values` what it is, `sheet` puts the two together line by line, `parts` orders the
lines, and `paper` writes them out.
"""
