{{ parsed_messages('segment') }}
