"""The JSON contract: a question in, an answer or an error out, as the schemas in `spasmnet/api/schema` say."""
