"""The channel catalogue: one ODCS v3.1 document per source object, named `<source>__<object>.odcs.yaml`.

Holds YAML only; `journey_pipeline.ingest.load_contracts` reads it. Add a source object by adding a file.
Must not be here: code.
"""
