"""The stages: their deciders by table, their agents by calling `step`."""
