select role, title, responsible_for, person, contact from {{ ref('governance_roles') }}
