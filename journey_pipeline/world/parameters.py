"""The numbers of the synthetic market: channels, rates, effects, shares, catalogue.

Add a number here when a rule of the world needs one, with why it has that size. Must not be here: code that
draws, writes or counts.
"""

from dataclasses import dataclass, field

TIME_ZONE = "Europe/Berlin"
GA4_PROPERTY = "analytics_312345678"
GA4_STREAM = "4455667788"
ADS_CUSTOMER = "8779536058"
STORE_HOST = "www.northlamp.test"
APP_HOST = "app.northlamp.test"
COMMUNITY_HOST = "community.northlamp.test"
BLOG_HOST = "blog.northlamp.test"
TEST_EMAIL = "test@northlamp.test"


@dataclass(frozen=True)
class Channel:
    """One way to reach the shop, with its place in the causal model.

    `daily_visit` is a probability per eligible day: push for anyone who exists, pull and earned for people in
    the market. Effects multiply a daily hazard by `1 + effect * (1 - exp(-stock))`; stock halves every
    `half_life_days`. `closing_share` is the share of decided customers who come back through the channel to
    buy; `lost_if_blocked` is the share of those who would not have bought without it.
    """

    name: str
    role: str
    daily_visit: float
    interest_effect: float = 0.0
    purchase_effect: float = 0.0
    half_life_days: float = 5.0
    closing_share: float = 0.0
    lost_if_blocked: float = 0.0
    campaign_id: str = ""
    campaign: str = ""
    campaign_type: str = ""
    cost_per_click_cents: int = 0
    click_through_rate: float = 0.05


# Order is the channel code used in every array. Roles as in the published method: push is delivered unasked,
# pull is started by the customer, navigational is how the decided come back, earned cannot be bought.
CHANNELS: tuple[Channel, ...] = (
    Channel("paid_search_brand", "navigational", 0.001, closing_share=0.30, lost_if_blocked=0.03,
            campaign_id="21001000001", campaign="DE | Search | Brand", campaign_type="Search",
            cost_per_click_cents=62, click_through_rate=0.22),
    Channel("paid_search_generic", "pull", 0.060, purchase_effect=1.4, half_life_days=4.0,
            campaign_id="21001000005", campaign="DE | Search | Lamps", campaign_type="Search",
            cost_per_click_cents=118, click_through_rate=0.045),
    Channel("cross_network", "pull", 0.045, purchase_effect=0.9, half_life_days=4.0,
            campaign_id="21001000002", campaign="DE | PMax | Lamps", campaign_type="Performance Max",
            cost_per_click_cents=84, click_through_rate=0.012),
    Channel("paid_video", "push", 0.0020, interest_effect=7.0, half_life_days=10.0,
            campaign_id="21001000003", campaign="DE | Video | Arc", campaign_type="Video",
            cost_per_click_cents=41, click_through_rate=0.004),
    Channel("display", "push", 0.0150, purchase_effect=0.8, half_life_days=3.0,
            campaign_id="21001000006", campaign="DE | Display | Retarget", campaign_type="Display",
            cost_per_click_cents=29, click_through_rate=0.003),
    Channel("paid_social", "push", 0.0032, interest_effect=5.0, half_life_days=6.0),
    Channel("organic_social", "earned", 0.010),
    Channel("email", "push", 0.0300, interest_effect=2.5, purchase_effect=0.6, half_life_days=4.0),
    Channel("organic_search", "earned", 0.080, closing_share=0.25),
    Channel("referral", "earned", 0.014),
    Channel("ai_assistant", "earned", 0.012),
    Channel("affiliates", "navigational", 0.0003, closing_share=0.14, lost_if_blocked=0.02),
    Channel("direct", "earned", 0.030, closing_share=0.31),
)  # fmt: skip
CHANNEL_CODE = {channel.name: code for code, channel in enumerate(CHANNELS)}
# What money buys: the joint removal blocks all of these at once.
BOUGHT = ("paid_search_brand", "paid_search_generic", "cross_network", "paid_video", "display", "paid_social",
          "email", "affiliates")  # fmt: skip

# sku, name, price in cents (tax included)
PRODUCTS: tuple[tuple[str, str, int], ...] = (
    ("NL-ARC-01", "Arc lamp - brass", 12990),
    ("NL-ARC-02", "Arc lamp - black", 9500),
    ("NL-BLB-27", "Bulb E27", 1500),
    ("NL-SHD-03", "Shade, linen", 5900),
    ("NL-DSK-04", "Desk lamp", 7900),
    ("NL-FLR-05", "Floor lamp - oak", 18900),
    ("NL-WLL-06", "Wall lamp \u201cMond\u201d", 6450),
    ("NL-SMT-07", "Smart hub", 4990),
)
# Baskets from small to large as (product, quantity) lines; a high draw and a high tier reach the large ones.
BASKETS: tuple[tuple[tuple[int, int], ...], ...] = (
    ((2, 2),), ((2, 4),), ((7, 1),), ((3, 1),), ((6, 1),), ((4, 1),), ((3, 1), (2, 2)), ((4, 1), (2, 1)),
    ((1, 1),), ((6, 2),), ((0, 1),), ((1, 1), (2, 2)), ((0, 1), (2, 2)), ((5, 1),), ((0, 1), (3, 1)),
    ((4, 2), (2, 2), (7, 1)), ((5, 1), (7, 1), (2, 4)), ((0, 2), (3, 2)),
)  # fmt: skip

FIRST_NAMES = ("Alva", "Bente", "Caio", "Dovie", "Enno", "Fenja", "Gorm", "Hedda", "Ilka", "Jori", "Kalle",
               "Lioba", "Milo", "Nele", "Odin", "Pippa", "Quirin", "Ronja", "Sören", "Tilda")  # fmt: skip
LAST_NAMES = ("Arvensby", "Brixholt", "Calderwin", "Dornlicht", "Elmstad", "Fernhalde", "Glimmering",
"Hollerau",
              "Iversund", "Jarnholm", "Kerzenried", "Lumengard", "Mondbach", "Nordquell", "Ofenloch",
              "Pelzblum", "Querweg", "Rabenlund", "Silbertal", "Tornvik")  # fmt: skip
EMAIL_DOMAINS = ("example.com", "mail.example.test", "post.example.test")

# Stage evidence of the truth: lowest number wins when one interaction could mean two.
STAGES = ("awareness", "consideration", "purchase", "experience", "advocacy")


@dataclass(frozen=True)
class Parameters:
    """Every rate of the world. Shares are probabilities; hazards are per day."""

    # -- people
    tier_shares: tuple[float, ...] = (0.50, 0.35, 0.15)  # observed value tier: few people are worth most
    country_shares: tuple[float, ...] = (0.82, 0.10, 0.08)  # DE, GB, SE
    present_at_start: float = 0.55  # the rest arrive evenly, so that young cohorts exist in every week
    device_shares: tuple[float, ...] = (0.60, 0.30, 0.10)  # one, two, three devices
    second_email: float = 0.12
    has_user_id: float = 0.45
    has_phone: float = 0.30
    shared_tablet: float = 0.01  # people who share their first device with the next person
    consent_shares: tuple[float, ...] = (0.80, 0.08, 0.12)  # all granted, ads denied, everything denied
    is_business: float = 0.08
    subscribed_at_start: float = 0.25

    # -- interest and purchase
    interest_hazard: float = 0.0016  # with the effects below about one person in three gets interested
    interest_tier: float = 0.45
    interest_propensity: float = 0.70  # unobserved, so that observed tier alone cannot adjust for it
    interest_on_arrival: float = 0.05
    lose_interest: float = 1 / 15  # mean fifteen days in the market
    purchase_hazard: float = 0.010
    purchase_propensity: float = 0.35
    idle_purchase: float = 0.00002  # a gift, a broken lamp: bought without ever being in the market
    rebuy_quality: float = 2.4  # how much a good experience raises renewed interest
    rebuy_base: float = 0.9
    rest_days: int = 12  # nobody is back in the market right after buying
    social_targeting: float = 0.35  # delivery favours the propensity nobody observes
    email_send_days: tuple[int, ...] = (1, 3)  # Tuesday, Thursday
    care_email_days: int = 40  # after a purchase the newsletter is opened more
    care_email_factor: float = 2.5
    subscribe_on_purchase: float = 0.70
    retarget_days: int = 7
    season_amplitude: float = 0.12
    november_lift: float = 0.35
    weekday_factor: tuple[float, ...] = (1.02, 0.98, 0.97, 0.98, 0.92, 1.02, 1.11)

    # -- experience
    cancelled: float = 0.015
    discounted: float = 0.20
    ticket_base: float = 0.050  # about 5 % of orders once late parcels are added
    ticket_per_late_day: float = 0.012
    quality_base: float = 1.9
    quality_taste: float = 0.7
    quality_per_late_day: float = 0.55
    quality_per_wait_hour: float = 0.035
    refund_base: float = 0.03
    refund_bad: float = 0.20  # together about 6 %
    refund_partial: float = 0.45
    answer_survey: float = 0.12
    answer_again: float = 0.05
    survey_partial: float = 0.08
    rated: float = 0.50
    rating_flip: float = 0.15
    app_open_daily: float = 0.12
    app_days: int = 100_000  # after a purchase the app is used for so long
    community_member: float = 0.20
    community_daily: float = 0.03
    advocacy_daily: float = 0.006

    # -- deals
    deal_won: float = 0.45
    deal_days: tuple[float, float] = (8.0, 40.0)
    lead_visit: float = 0.02  # share of visits while interested that ask for the buying guide

    # -- tracking
    purchase_untracked: float = 0.04  # blockers and closed tabs
    purchase_reloaded: float = 0.03
    pos_orders: float = 0.01  # sold over the counter, no e-mail
    note_attributes: float = 0.35
    bot_per_customers: int = 6000
    bot_hits: int = 700  # above the usual 500 a day, two seconds apart
    redelivery_every_days: int = 14
    late_share: float = 0.03
    duplicate_share: float = 0.002

    # -- inside a session
    on_main_device: float = 0.70
    casual_login: float = 0.05  # visits with a login although nothing asks for one
    guest_order: float = 0.20  # account owners who order without logging in
    more_pages: tuple[float, float, float] = (0.25, 0.90, 1.60)  # mean further pages: passing, interested, closing
    view_interested: float = 0.60
    view_passing: float = 0.08
    cart_interested: float = 0.18
    checkout_of_cart: float = 0.30
    features_used: float = 0.80
    community_post: float = 0.35
    refer_not_share: float = 0.40
    device_categories: tuple[float, ...] = (0.55, 0.35, 0.10)  # mobile, desktop, tablet

    # -- service and survey details
    refund_again: float = 0.15
    refund_part: tuple[float, float] = (0.10, 0.50)  # each part of at most half, so that two never exceed the order
    ticket_copied: float = 0.04
    rating_logit: tuple[float, float] = (2.4, -0.045)  # of a good rating: at once, per hour of waiting
    ticket_channels: tuple[float, ...] = (0.50, 0.38, 0.06, 0.06)  # e-mail, web, API, messaging
    recommend_scale: tuple[float, float, float] = (10.4, 0.7, 1.4)  # top, curvature, noise: about 55 % promoters
    delivery_scale: tuple[float, float, float] = (4.9, 0.9, 0.6)  # top, loss per late day, noise
    recommend_blank: float = 0.02
    delivery_blank: float = 0.10
    survey_email: float = 0.85
    survey_user_id: float = 0.70
    deal_falls_back: float = 0.12
    deal_two_contacts: float = 0.08
    form_twice: float = 0.06
    form_junk: float = 0.04

    # -- simulation
    block: int = 4096  # people per block: the state of one block fits the processor cache
    hours: tuple[float, ...] = field(
        default=(1, 0.5, 0.3, 0.2, 0.3, 0.7, 1.6, 2.6, 3.4, 4.0, 4.4, 4.6,
                 5.0, 4.8, 4.4, 4.3, 4.6, 5.2, 6.2, 7.4, 8.2, 7.6, 5.2, 2.6)
    )  # fmt: skip


PARAMETERS = Parameters()
