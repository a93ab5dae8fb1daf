select * from {{ ref('customer_consents') }}
