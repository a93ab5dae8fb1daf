select * from {{ ref('customer_attributes') }}
