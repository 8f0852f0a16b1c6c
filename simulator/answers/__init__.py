"""Answers, one folder a question.

In each, `simulate` makes the draws that no run file holds, `estimate` turns results
into an answer, Dataset in and Dataset out, and `report` says it on a screen and for a
script. The folders share `headline` and the modules that stand beside them here.
"""
