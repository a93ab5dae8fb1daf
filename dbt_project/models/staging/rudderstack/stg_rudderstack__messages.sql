{{ parsed_messages('rudderstack__events') }}
