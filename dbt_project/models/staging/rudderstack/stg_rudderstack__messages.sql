{{ parsed_messages('rudderstack') }}
