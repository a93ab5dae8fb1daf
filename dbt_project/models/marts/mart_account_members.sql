select * from {{ ref('account_members') }}
