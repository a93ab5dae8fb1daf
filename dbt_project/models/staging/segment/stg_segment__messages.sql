{{ parsed_messages('segment__events') }}
