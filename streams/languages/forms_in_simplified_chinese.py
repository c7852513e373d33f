"""Sentences in Simplified Chinese, as banks on the mainland write it: by the form in English (said.py)."""

from collections.abc import Mapping
from typing import Final

FORMS: Final[Mapping[str, str]] = {
    "customers": "客户数",
    "of all": "占全部",
    "of the row": "占该行",
    "rows: tier under {before}; columns: tier under {after}": ("行：按 {before} 的等级；列：按 {after} 的等级"),
    "what differs:": "规则差异：",
    "all": "合计",
    "from / to": "由／至",
    "{file}, line {line}": "{file}，第 {line} 行",
    "{place}: {message}": "{place}：{message}",
    "{errors} errors; the policy cannot be used": "{errors} 个错误；此政策无法使用",
    "{place}, {field}": "{place}，{field}",
    "{place}: warning: {message}": "{place}：提醒：{message}",
    "against {name} version {version}, which is in force:": ("与现行的 {name} 第 {version} 版相比："),
    "nothing that a tier, a currency or a campaign shows": "等级、币种与活动均无变更",
    "1 error; the policy cannot be used": "1 个错误；此政策无法使用",
    "{url} is slow: more than 1 s from event to decision": "{url} 变慢：由数据到决定超过 1 秒",
    "the history is being read": "正在读取历史数据",
    "{url} does not answer": "{url} 没有响应",
    "{url} is not ready: {reason}": "{url} 尚未就绪：{reason}",
    "{one} and {other}": "{one} 和 {other}",
    "{one} or {other}": "{one} 或 {other}",
    "{one}; {other}": "{one}；{other}",
    "{one}, {other}": "{one}、{other}",
    "in all": "合计",
    "each month": "每月",
    "each year": "每年",
    "each day": "每日",
    "Campaign {id}, for {whom}: {parts}": "活动 {id}，对象为 {whom}：{parts}",
    "{when} {rate} of the month's {types} transactions{floor}{limit}": (
        "{when}返还当月 {types} 交易金额的 {rate}{floor}{limit}"
    ),
    "at least {at_least}": "达到 {at_least} 及以上",
    "{measure} is {near}{to}{days}{again}{offer}": ("{measure}{near}{to}{days}{again}{offer}"),
    "no more than {ends} {per}": "{per}以 {ends} 为限",
    "everybody below {to}": "{to} 以下的所有客户",
    "everybody": "所有客户",
    "an upgrade to it": "升级至该等级",
    "an upgrade to one of them": "升级至其中任一等级",
    "{upgrade}, not within {settles_s} of a customer's first event": ("{upgrade}，但不含客户首笔往来后 {settles_s}内"),
    ", at most {at_most}": "，上限 {at_most}",
    "{rate} of each {types} transaction{floor}{limit}": ("每笔 {types} 交易返还金额的 {rate}{floor}{limit}"),
    ", from a sum of {at_least} on": "，当月合计须达到 {at_least}",
    "{days} after each month's end": "每月月底后 {days}，",
    "at each month's end": "每月月底",
    "the value": "综合价值",
    "at most {within} below": "最多再差 {within}即达到",
    " and below the {floor} of {to}": "，且低于 {to} 的门槛 {floor}",
    " the {floor} of {to}": " {to} 的门槛 {floor}",
    " for {for_days} in a row": "，连续 {for_days}",
    ", at most once in {every_days}": "，每 {every_days}至多一次",
    ", an offer of {offer_days}": "，优惠为期 {offer_days}",
    "1 trigger": "1 次触发",
    "{number} triggers": "{number} 次触发",
    "Of {campaigns} a customer gets {limits}": "{campaigns} 合计，每位客户：{limits}",
    " by the salt {salt}": "（抽样盐值 {salt}）",
    "{hold_out} of the customers are held out{salt}": "保留 {hold_out} 的客户为对照组{salt}",
    "{gift}the first balance or deposit of at least {floor}, within {within} of the first event, once": (
        "{gift}首笔往来后 {within}内，首次余额或存入达到 {floor} 及以上，仅一次"
    ),
    "no transaction for {without_transaction_days}": ("已 {without_transaction_days}无交易"),
    "{days_before} before the tier is lost if nothing changes": "如无变动，降级前 {days_before}",
    "at each month's end, {measure} below {below}": "每月月底，{measure} 低于 {below}",
    " of at least {at_least}": "，单笔须达到 {at_least}",
    "at most {within_share} below": "最多再差 {within_share} 即达到",
    "{amount} paid": "支付 {amount}",
    "at most {at_most} in {in_days}": "{in_days}内至多 {at_most} 次",
    "none within {quiet_days} of the last": "距上次 {quiet_days}内不再联系",
    "{amount} for ": "赠 {amount}：",
    "gift": "赠礼",
    "payment": "返现",
    "welcome": "升级祝贺",
    "alert": "通知",
    "customers are rated by the calendar, so what is near is looked at then alone": (
        "客户按日历评级，因此只在评级时查看是否接近门槛"
    ),
    "where a customer has been approached enough, the {awaited} of {name} is lost for good": (
        "客户的联系次数用尽时，{name} 的{awaited}即永久失去"
    ),
    "{quiet_days} quiet days leave no more than {in_quiet} in {in_days} days": (
        "间隔 {quiet_days}天，{in_days}天内本就至多 {in_quiet} 次"
    ),
    "nobody is upgraded to it": "不会有人升级至该等级",
    "nobody falls from it": "不会有人由该等级降级",
    "everybody is held out, so nobody is treated": "所有客户都列为对照组，因此无人适用",
    "nobody is held out, so this decides nothing; write hold_out, or take it out": (
        "没有对照组，因此这一行不起作用；请写 hold_out，或删除这一行"
    ),
    "it looks at a whole month, and {name} is no figure of one whole month": (
        "此活动看整个月，而 {name} 不是单一整月的数字"
    ),
    "{first} is the first tier, and {says}; take it out": "{first} 是最低等级，{says}；请删除",
    "nobody is near: who has this much meets the floor of {to} already": ("无人接近：有这么多的客户已达到 {to} 的门槛"),
    "{looked}: these are days after a rating; write 0, unless that is meant": (
        "{looked}：这里的天数自评级后起算；若非此意，请写 0"
    ),
    "a tier is lost at once, so no fall can be seen coming and nobody gets this": (
        "等级立即下调，无法预见，因此无人适用"
    ),
    "{id} has no name in {missing}, and other campaigns have one": ("{id} 没有 {missing} 名称，而其他活动有"),
    "{lost}; take it out, unless that is meant": "{lost}；若非此意，请删除",
    "{leave}, so this never decides": "{leave}，因此这一行从不起作用",
    "everybody below the floor of {to} is near, with nothing at all, too": (
        "低于 {to} 门槛的客户全都算接近，连一无所有者也是"
    ),
    "who is in {tier} need not be told how near {to} is; take it out": ("{tier} 的客户不需得知距 {to} 多近；请删除"),
    "the whole grace is {after_days} days, so this comes as soon as it begins; write fewer days": (
        "缓冲期总共 {after_days} 天，因此一开始就会通知；请写较少天数"
    ),
    "one gift costs more than the whole budget, so nobody gets it": "一份赠礼就超过整个预算，因此无人获赠",
    "{says}; use an average, a sum or a count with months = 1, or a month_end": (
        "{says}；请用 months = 1 的 average、sum 或 count，或用 month_end"
    ),
    "campaign": "活动",
    "{name} is for {tiers}, so nobody in {id} gets it": ("{name} 的对象是 {tiers}，因此 {id} 的客户都不适用"),
    "{name} is for tiers below {to}, so nobody in {id} gets it": (
        "{name} 的对象是 {to} 以下的等级，因此 {id} 的客户都不适用"
    ),
    "this has {lines} lines, and a policy at most {most}; take out what is no policy": (
        "此文件有 {lines} 行，而政策最多 {most} 行；请删除不属于政策的内容"
    ),
    "this line has more than {most} characters; write it on several": "这一行超过 {most} 字；请分成数行",
    "its events are refused, and what is held in it counts as nothing": (
        "以该币种记载的数据会被拒收，所持有的也一概不计"
    ),
    "other conditions": "其他条件",
    "the policy's currency is {currency}, no longer {former}": ("政策的币种为 {currency}，不再是 {former}"),
    "{currency} gets a rate": "{currency} 新增汇率",
    "rates come from the topic of rates, day by day; a currency that has none there is refused": (
        "汇率逐日取自汇率主题；其中没有汇率的币种会被拒收"
    ),
    "rates are those of the file, no longer those of the topic": "汇率改用文件内所列，不再取自主题",
    "tiers that vanish: {gone}; whoever is in one is rated anew, from the lowest": (
        "取消的等级：{gone}；其中的客户自最低等级起重新评级"
    ),
    "new tiers: {new}": "新增等级：{new}",
    "tiers change their order": "等级的顺序变更",
    "words for products that are no longer known: {gone}; balances that bear one are refused": (
        "不再认得的产品用字：{gone}；带有这些字的余额会被拒收"
    ),
    (
        'joint accounts count by "{joint}", no longer by "{former}": each from its next balance on, what is '
        "there stays as it was counted"
    ): ("联名账户改按“{joint}”计算，不再按“{former}”：各账户自下一笔余额起适用，既有的保持原计算"),
    "campaigns that end: {ended}": "结束的活动：{ended}",
    "campaigns that begin: {begun}": "新开始的活动：{begun}",
    "{currency} loses its rate: {says}": "{currency} 失去汇率：{says}",
    "{id} is entered from {floor}, no longer from {former}": ("进入 {id} 的门槛为 {floor}，不再是 {former}"),
    "enhanced": "加强审查",
    "referred": "转人工审核",
    "A loan application is {rules}; else standard": "贷款申请：{rules}；其余按一般流程",
    "Every loan application is standard": "所有贷款申请均按一般流程",
    "{limit} for {tier}": "{tier} 为 {limit}",
    "{outcomes} if it is large and more than {more_than_times} times the assets": (
        "属大额且超过资产的 {more_than_times} 倍者，{outcomes}"
    ),
    "{outcome} if more than {share} of the assets came in during the last {days}": (
        "最近 {days}内转入者超过资产的 {share}，{outcome}"
    ),
    "{outcome} if more than {share} of the highest total lies between it and the lowest one of the last {days}": (
        "最近 {days}内最高与最低总额之差超过最高总额的 {share}，{outcome}"
    ),
    "when the assets have come down to {shares} of what they were, and ": ("资产降至原先的 {shares} 时，以及"),
    "A loan that is not standard is watched for {days}: an alert {falls}at each worse standing": (
        "非一般流程的贷款监控 {days}：{falls}信用状况每次变差时，发出预警"
    ),
    "enhanced if it is large, which is from {limits}": "大额者加强审查，大额门槛：{limits}",
    "{outcomes} in {standing} standing": "信用状况为 {standing} 者，{outcomes}",
    "a large loan is enhanced already, so this decides nothing": "大额贷款本就加强审查，因此这一行不起作用",
    "no rule makes a loan enhanced or refers it, so every loan is standard, and none is watched": (
        "没有任何规则要求加强审查或转审，因此所有贷款都按一般流程，也不监控"
    ),
    '{says}; write outcome = "refer"': '{says}；请写 outcome = "refer"',
    "there is no limit for {missing}, so no loan is large there": ("{missing} 没有门槛，因此该等级没有大额贷款"),
    "customers of whom no standing is known count as good: this is for them, too": (
        "信用状况不明的客户视为 good：这也适用于他们"
    ),
    "this asks more than the whole, which only an overdraft can give": "此处要求超过全部，只有透支才会发生",
    "the limit is lower than that of {lower}, which is the lower tier": "门槛低于较低等级 {lower} 的门槛",
    "{worse} is the worse standing, and less strictly looked at than {better}": (
        "{worse} 的信用状况较差，审查却比 {better} 宽松"
    ),
    "the file begins with a byte order mark; save it as UTF-8 without one": (
        "文件开头有字节顺序标记（BOM）；请存成不含 BOM 的 UTF-8"
    ),
    "1 day": "1 天",
    "{number} days": "{number} 天",
    "1 month": "1 个月",
    "{number} months": "{number} 个月",
    "1 second": "1 秒",
    "{number} seconds": "{number} 秒",
    "{one}. {other}": "{one}。{other}",
    "The value is {term}": "综合价值为 {term}",
    "{one} + {other}": "{one} + {other}",
    "the number of {types} transactions in {span}": "{span} {types} 交易的笔数",
    "Customers are rated {when}{first}": "客户的评级时点：{when}{first}",
    "{day} {month}": "{month}{day}日",
    "1 tier": "1 个等级",
    "{tiers} tiers": "{tiers} 个等级",
    "{name}, version {version}: {tiers}, in {currency}, by the days of {time_zone}": (
        "{name} 第 {version} 版：{tiers}，币种 {currency}，日期按 {time_zone}"
    ),
    "{sentences}.": "{sentences}。",
    "In {standing} standing nobody is above {tier}": ("信用状况为 {standing} 时，等级最高为 {tier}"),
    "{word} counts as {product}": "{word} 视为 {product}",
    "wholly to its first owner": "全数计入第一位持有人",
    "wholly to each owner": "全数计入每位持有人",
    "to each owner by the share": "按比例计入各持有人",
    "A joint account counts {whom}": "联名账户{whom}",
    "Everybody is at least {id}": "所有客户至少为 {id}",
    "{measure} of {at_least}": "{measure} 达到 {at_least}",
    "a standing of {standing_at_least} or better": "信用状况为 {standing_at_least} 及以上",
    "({condition})": "（{condition}）",
    "{weight} times {measure}": "{weight} 乘 {measure}",
    "{term} (at most {limit})": "{term}（上限 {limit}）",
    "{name} is {measures}": "{name} 是{measures}",
    "Here {measures}": "其中 {measures}",
    "the last {days}": "最近 {days}",
    "the last {months} whole months": "最近 {months} 个整月",
    "the last whole month": "最近一个整月",
    "the newest total of the {total}": "最新的 {total} 总额",
    "the total of the {month_end} at the last month's end": "上月末的 {month_end} 总额",
    "the average of the {average}' daily closing totals over {span}": ("{span} {average} 每日日终总额的平均"),
    "the amount of {types} transactions in {span}": "{span} {types} 交易的金额",
    "; a change is served from the next month's beginning": "；变动自次月初生效",
    "; until the first rating a customer is in the lowest tier{effect}": ("；首次评级前，客户属最低等级{effect}"),
    ", which is judged {when}": "（评定时点：{when}）",
    "A tier is lost after {span} in a row below its floor{when}, {to}": ("连续 {span}低于门槛即降级{when}{to}"),
    "January": "1月",
    "February": "2月",
    "March": "3月",
    "April": "4月",
    "May": "5月",
    "June": "6月",
    "July": "7月",
    "August": "8月",
    "September": "9月",
    "October": "10月",
    "November": "11月",
    "December": "12月",
    "Of products, {told}": "产品中，{told}",
    ("Other currencies count in {currency} by the newest rate of the day or before, from bank.rates"): (
        "其他币种按 bank.rates 当日或之前最新的汇率折算为 {currency}"
    ),
    "from a value of {at_least}": "综合价值达到 {at_least}",
    "from {enter}": "{enter}",
    ", kept from {keep}": "，保持门槛为 {keep}",
    "{id} is {enter}{keep}": "{id} 的门槛为{enter}{keep}",
    "a value": "综合价值",
    "{share} of the assets less in {standing} standing": ("信用状况为 {standing} 时减资产的 {share}"),
    "{share} of the assets more in {standing} standing": ("信用状况为 {standing} 时加资产的 {share}"),
    "assets are the newest total of all products but debts": "assets 是负债以外所有产品的最新总额",
    "loans are the newest total of the loans": "loans 是贷款的最新总额",
    "score is the newest credit score": "score 是最新的信用评分",
    "at once, whenever something changes": "随时，一有变动立即评级",
    "at every midnight": "每日零点",
    "at the end of {dates}": "{dates} 日终",
    "to the tier that is earned": "至应得的等级",
    "one tier down": "降一级",
    "A tier is sure for {term_months}{grace}": "等级保留 {term_months}{grace}",
    "{term}; below its floor it is then lost{when}, {to}": "{term}；届满时低于门槛即降级{when}{to}",
    "Nobody falls within {protected} of an upgrade": "升级后 {protected}内不会降级",
    ", and then for a grace of {grace_months}": "，其后再宽限 {grace_months}",
    "A tier is lost at a rating{when}, to the higher of what the last two ratings gave": (
        "评级时降级{when}至最近两次评级中较高的等级"
    ),
    "A tier is lost at {instant} below its floor{when}, {to}": ("低于门槛，{instant}降级{when}{to}"),
    "once": "立即",
    "the first rating": "首次评级时",
    ("what begins here is not closed, or a comma is missing; write a comma between its parts and ] or }} at its end"): (
        "由此开始的部分没有结束，或少了逗号；各部分之间请写逗号，结尾请写 ] 或 }}"
    ),
    "{what} is there twice, first in line {first}; write it once": (
        "{what} 出现两次，第一次在第 {first} 行；请只写一次"
    ),
    "[{name}] is one of several; write it in two brackets: [[{name}]]": (
        "[{name}] 是多个中的一个；请用双括号：[[{name}]]"
    ),
    "there is no table {written} in a policy; did you mean [[{header}]]?": (
        "政策中没有 {written} 这个表；是否要写 [[{header}]]？"
    ),
    "{told} cannot be read here; write it with the plain signs of the keyboard: {plain}": (
        "此处无法读取 {told}；请用键盘上的半角符号：{plain}"
    ),
    "{name}: the tables and words of a policy are written in the letters a to z": (
        "{name}：政策的表与用字请以英文字母 a 至 z 书写"
    ),
    "there is a comma before }}; take it out": "}} 之前有逗号；请删除",
    "there is no = after the word; write it as word = value": "用字后没有 =；请写成 用字 = 值",
    "there is no value after =, or one that cannot be read; write a text in quotes, or a number": (
        "= 之后没有值，或无法读取；请写加引号的文字，或数字"
    ),
    "a [ is not closed, or a comma is missing; write a comma between its parts and ] at its end": (
        "[ 没有结束，或少了逗号；各部分之间请写逗号，结尾请写 ]"
    ),
    "a {{ is not closed, or a comma is missing; write a comma between its parts and }} at its end": (
        "{{ 没有结束，或少了逗号；各部分之间请写逗号，结尾请写 }}"
    ),
    'a text is not closed; write " at its end': '文字没有结束；结尾请写 "',
    "there is more after the value; write one word = value a line": ("值的后面还有其他内容；每行请只写一个 用字 = 值"),
    "the brackets of this table are not closed; write [table], or [[tiers]] for a tier": (
        "此表的括号没有结束；请写 [表]，等级则写 [[tiers]]"
    ),
    "there is no word here; write word = value": "此处没有用字；请写 用字 = 值",
    "a line begins with a word, or with a table in brackets; write word = value, or [table]": (
        "一行以用字或括号内的表开始；请写 用字 = 值，或 [表]"
    ),
    "a backslash stands for a special sign; write it twice, or the text in single quotes": (
        "反斜线代表特殊符号；请写两个，或将文字放在单引号内"
    ),
    "a word is there twice between {{ and }}; take one of them out": ("{{ 与 }} 之间有用字出现两次；请删除其中一个"),
    "this table is complete already; write its words in one place": "此表已经完整；请将其用字写在同一处",
    "there is a sign here that cannot be shown; write the line anew": "此处有无法显示的符号；请重写这一行",
    "there is no such date": "没有这个日期",
    "this is not valid TOML ({said})": "这不是有效的 TOML（{said}）",
    "{message}; what follows was not looked at": "{message}；其后的内容未检查",
    "the table [{written}]": "表 [{written}]",
    "spaces of another kind": "特殊空格",
    "a {{ and its }} stand on one line, and only a [ may be closed in a later one; write it on one line": (
        "{{ 与其 }} 须在同一行，只有 [ 可以在后面的行结束；请写在同一行"
    ),
    "{unclosed}; what follows was not looked at": "{unclosed}；其后的内容未检查",
    "{raw} is not in quotes; write {text}": "{raw} 没有加引号；请写 {text}",
    (
        "the floors are out of order or the same: nobody earns {id}, since who meets it meets {id_2} as well, "
        "which is higher; write the tiers from the lowest up, each with a higher floor"
    ): ("门槛顺序颠倒或相同：无人会得到 {id}，因为符合者也符合较高的 {id_2}；请由最低等级往上写，门槛逐级提高"),
    "there is one tier; nobody ever goes up or down": "只有一个等级；不会有人升级或降级",
    "nobody can be {id}: every standing is capped below it": "无人能成为 {id}：每种信用状况的等级上限都低于它",
    " (the value is made of it, but no tier has a floor on the value)": (
        "（综合价值由它组成，但没有等级以综合价值为门槛）"
    ),
    "there is no upgrade to protect; there is one tier": "只有一个等级，没有可保级的升级",
    "nobody can earn {id}: by its terms the value is never above {most}": (
        "无人能得到 {id}：按其组成，综合价值不会超过 {most}"
    ),
    "everybody meets this, so nobody is below {id}": "所有客户都符合，因此没有人低于 {id}",
    "who meets this need not meet {id}, the tier below: the two overlap, and the higher one counts": (
        "符合此条件者未必符合下一级 {id}：两者重叠，以较高者为准"
    ),
    "to keep {id} asks as much as to enter it, or more, so it never decides; write a lower floor": (
        "保持 {id} 的条件与进入相同或更高，因此从不起作用；请写较低的门槛"
    ),
    "who keeps {id} may have less than {id_2}, the tier below, asks to enter: the two overlap": (
        "保持 {id} 的客户可能少于进入下一级 {id_2} 所需：两者重叠"
    ),
    "this part never decides: another one of the list covers it; take it out": (
        "此部分从不起作用：列表中另一项已涵盖；请删除"
    ),
    "{id} is the highest tier, so this caps nobody": "{id} 是最高等级，因此不会限制任何人",
    "{better} is capped lower than {standing}, which is the worse standing": (
        "{better} 的等级上限低于较差的 {standing}"
    ),
    "no tier or campaign looks at {name}{close}; use it, or take it out": (
        "没有等级或活动使用 {name}{close}；请使用，或删除"
    ),
    "no tier has a floor on the value, so this decides nothing": "没有等级以综合价值为门槛，因此这一行不起作用",
    "{id} has no name in {missing}, and other tiers have one": ("{id} 没有 {missing} 名称，而其他等级有"),
    "nobody earns {id}, since who meets it meets {id_2} as well, which is higher": (
        "无人会得到 {id}，因为符合者也符合较高的 {id_2}"
    ),
    "customers of whom no standing is known count as good: this caps them, too": (
        "信用状况不明的客户视为 good：他们也受此限制"
    ),
    "each transaction is paid at once, so no month is settled": "每笔交易立即返还，没有月结",
    "{amount} is less than {least}, the least that can be paid, so nothing is paid": (
        "{amount} 小于可支付的最小金额 {least}，因此不会支付"
    ),
    "the list is empty; write types of transactions: {known}": "列表是空的；请写交易类型：{known}",
    'a rate of 0 pays nothing; write one such as "0.01"': '费率 0 不会支付；请写例如 "0.01"',
    '{says}; take it out, or write per = "month"': '{says}；请删除，或写 per = "month"',
    "a fee goes by an amount that is measured, and {name} is none; write one of {own}": (
        "收费按计算的金额而定，{name} 并非金额；请写以下之一：{own}"
    ),
    "{given} are both there": "同时写了 {given}",
    "it does not say how near": "没有写多近才算接近",
    "{said}; write one of at_least, within, within_share": ("{said}；请写 at_least、within、within_share 其中之一"),
    "{to} is the first tier, and everybody's; write another tier": "{to} 是最低等级，人人都有；请写其他等级",
    "it has no end; write triggers = 1000, or amount, or both": ("没有上限；请写 triggers = 1000、amount，或两者"),
    "this campaign pays nothing, so no amount is ever spent; write triggers instead": (
        "此活动不支付金额，因此不会花费；请改写 triggers"
    ),
    '{says}; write an amount such as "100"': '{says}；请写金额，例如 "100"',
    "at_most and in_days belong together: at_most = 2 and in_days = 30; write both": (
        "at_most 与 in_days 须一起写：at_most = 2 与 in_days = 30"
    ),
    "it says for which campaigns and not how often; write at_most = 2 and in_days = 30, or quiet_days = 7": (
        "写了哪些活动，但没有写次数；请写 at_most = 2 与 in_days = 30，或 quiet_days = 7"
    ),
    "this is missing: it says how often and not for which campaigns; write campaigns = [ their ids ]": (
        "缺少此项：写了次数，但没有写哪些活动；请写 campaigns = [ 活动代号 ]"
    ),
    "another campaign has the id {id}; write another id": "另一个活动已有代号 {id}；请写其他代号",
    "{to} is not had by one amount, so none is missing; write another tier": (
        "{to} 并非以单一金额取得，因此没有差额；请写其他等级"
    ),
    "this is missing; a campaign of kind {kind} wants it: write {word} = {examples}": (
        "缺少此项；{kind} 类活动必须有：请写 {word} = {examples}"
    ),
    "a campaign of kind {kind} takes no {word}; it takes {known}": ("{kind} 类活动不接受 {word}；可用：{known}"),
    "tier": "等级",
    'when = "month_end", "daily" or a list of dates in [rating] or in [falling]': (
        '在 [rating] 或 [falling] 写 when = "month_end"、"daily" 或日期列表'
    ),
    "{names} are both there; a tier is lost in one way: write one of them": (
        "同时写了 {names}；等级只能以一种方式下调：请写其中之一"
    ),
    "a grace follows a term; write term_months, too, or after_months instead": (
        "宽限期在保留期之后；请一并写 term_months，或改写 after_months"
    ),
    "months are not counted by ratings on dates; write term_months instead, or another when in [falling]": (
        "按指定日期评级时不计月数；请改写 term_months，或在 [falling] 写其他 when"
    ),
    "there are no last two ratings where everything is rated at once; write {dates}": (
        "随时评级时没有最近两次评级；请{dates}"
    ),
    "at once, one step would follow the other with every event; write after_days, or {dates}": (
        "随时评级时，每笔数据都会再降一级；请写 after_days，或{dates}"
    ),
    (
        "it looks at large loans, and nothing says which are large; write [risk.large_loan], and below it a "
        'line for each tier: low = "300000"'
    ): ('此项看大额贷款，但没有写何谓大额；请写 [risk.large_loan]，其下每个等级一行：low = "300000"'),
    '{share} is no part of the assets; write a share between "0" and "1", such as "0.70"': (
        '{share} 不是资产的比例；请写 "0" 与 "1" 之间的比例，例如 "0.70"'
    ),
    'a standing is no amount; write credit = {{ poor = "-0.10" }} in [value] to count it': (
        '信用状况不是金额；若要计入，请在 [value] 写 credit = {{ poor = "-0.10" }}'
    ),
    'a standing is no amount; write standing_at_least = "good" instead of measure and at_least': (
        '信用状况不是金额；请写 standing_at_least = "good"，取代 measure 与 at_least'
    ),
    "the value cannot be a part of itself; write a measure such as assets": (
        "综合价值不能是自己的一部分；请写指标，例如 assets"
    ),
    "measure": "指标",
    "it has {given}": "写了 {given}",
    "it does not say of what": "没有写计算什么",
    "{says}; a measure is one of total, average, month_end, sum, count: write one of them": (
        "{says}；指标是 total、average、month_end、sum、count 其中一种：请写其中之一"
    ),
    "days and months are both there; write one of the two": "同时写了 days 与 months；请写其中之一",
    "{name} is a measure by itself; write another name for this one": ("{name} 本身就是指标；请为此项写其他名称"),
    "{kind} looks at one moment; take this line out, or write average instead": (
        "{kind} 只看一个时点；请删除这一行，或改写 average"
    ),
    "{kind} needs a span; write days = 90 (today included) or months = 3 (whole months)": (
        "{kind} 需要期间；请写 days = 90（含当日）或 months = 3（整月）"
    ),
    'the list is empty; write at least one term: [{{ measure = "assets" }}]': (
        '列表是空的；请至少写一项：[{{ measure = "assets" }}]'
    ),
    "the policy's own currency has no rate; take the line out": "政策本身的币种没有汇率；请删除这一行",
    "{small} is a product already; take the line out": "{small} 已是产品；请删除这一行",
    "{word} is there in other capitals, which do not matter": "{word} 已以其他大小写出现，而大小写不影响",
    "{says}; take one of the lines out": "{says}；请删除其中一行",
    'the list of dates is empty; write days of the year: ["06-30", "12-31"]': (
        '日期列表是空的；请写一年中的日期：["06-30", "12-31"]'
    ),
    'this tier says nothing of who is in it; write at_least = "500000" or a condition to enter': (
        '此等级没有写哪些客户属之；请写 at_least = "500000" 或进入条件'
    ),
    'there is no tier; write at least one [[tiers]], and below it id = "low"': (
        '没有等级；请至少写一个 [[tiers]]，其下写 id = "low"'
    ),
    "this tier has at_least and enter; at_least is short for an enter: write one of the two": (
        "此等级同时有 at_least 与 enter；at_least 是 enter 的简写：请写其中之一"
    ),
    "the first tier cannot be lost; take the line out": "最低等级不会失去；请删除这一行",
    "there is a floor and no measure; write measure, too, or at_least as a line of the tier": (
        "有门槛但没有指标；请一并写 measure，或将 at_least 写成等级的一行"
    ),
    "the list of conditions is empty; write at least one condition": "条件列表是空的；请至少写一个条件",
    "another tier has the id {id} already; write another id": "另一个等级已有代号 {id}；请写其他代号",
    "this tier has {id} already; write another id": "此等级已有 {id}；请写其他代号",
    "{ends} is before valid_from; write a later day": "{ends} 早于 valid_from；请写较晚的日期",
    (
        "a condition is a measure and at_least, or standing_at_least, or all = [ … ], or any = [ … ]; write "
        "one of these"
    ): ("条件是 measure 与 at_least，或 standing_at_least，或 all = [ … ]，或 any = [ … ]；请写其中之一"),
    "the first tier is everybody's and asks nothing; take the line out": (
        "最低等级属于所有客户，没有条件；请删除这一行"
    ),
    "there is no {what} {word}; did you mean {close}? There are {known}": (
        "没有{what} {word}；是否要写 {close}？可用：{known}"
    ),
    "{text} is no word: letters, digits, hyphens and underscores, no spaces, at most 64; {write}": (
        "{text} 不是可用的代号：限字母、数字、连字符与下划线，不含空格，最多 64 字；{write}"
    ),
    '{text} is no language; write a code such as "en", "zh" or "zh-Hant"': (
        '{text} 不是语言；请写代码，例如 "en"、"zh" 或 "zh-Hant"'
    ),
    'a name is one line of 1 to {most} characters; write one such as "standard"': (
        '名称为一行，1 至 {most} 字；请写例如 "standard"'
    ),
    'a product is one line of 1 to {most} characters; write one such as "structured-note"': (
        '产品为一行，1 至 {most} 字；请写例如 "structured-note"'
    ),
    "{text} is no currency code of three capital letters (ISO 4217); write one such as {code}": (
        "{text} 不是三个大写字母的币种代码（ISO 4217）；请写例如 {code}"
    ),
    '{text} is no day of the year; write month and day such as "06-30"': (
        '{text} 不是一年中的日期；请写月与日，例如 "06-30"'
    ),
    '{text} is no plain number; write digits, and perhaps a point: "{example}"': (
        '{text} 不是单纯的数字；请写数字，必要时加小数点："{example}"'
    ),
    "there is no {what} {word}; there are {known}": "没有{what} {word}；可用：{known}",
    'this is empty; write a word such as "mid"': '此处是空的；请写代号，例如 "mid"',
    "write {suggestion}": "请写 {suggestion}",
    'write a word such as "mid"': '请写代号，例如 "mid"',
    "{text} is no currency of ISO 4217; {close}": "{text} 不是 ISO 4217 的币种；{close}",
    'write one such as "TWD"': '请写例如 "TWD"',
    "did you mean {close}?": "是否要写 {close}？",
    '{text} is no date; write year, month and day such as "2026-12-31"': (
        '{text} 不是日期；请写年、月、日，例如 "2026-12-31"'
    ),
    "{text} has {fraction} decimals; at most {decimals} are allowed": (
        "{text} 有 {fraction} 位小数；最多 {decimals} 位"
    ),
    "{text} is too long; at most {digits} digits are allowed": "{text} 太长；最多 {digits} 位数",
    '{text} is below 0; write "0" or more': '{text} 小于 0；请写 "0" 及以上',
    '{text} is no part of the whole; write one from "0" to "1": a tenth is "{example}"': (
        '{text} 不是整体的比例；请写 "0" 至 "1"：十分之一为 "{example}"'
    ),
    '{text} is not above 0; write a rate such as "{example}"': ('{text} 不大于 0；请写汇率，例如 "{example}"'),
    "a weight of 0 counts nothing; take the term out, or write another weight": (
        "权重 0 等于不计；请删除此项，或写其他权重"
    ),
    '{text} is more than the whole; a share is from "-1" to "1", and a tenth is "0.10"': (
        '{text} 超过整体；比例为 "-1" 至 "1"，十分之一为 "0.10"'
    ),
    "{text} has {signs} between its digits; write it without commas: {plain}": (
        "{text} 的数字间有{signs}；请不要写分隔符号：{plain}"
    ),
    "{text} is written in full-width signs; write plain digits: {normal}": ("{text} 是全角字；请写半角数字：{normal}"),
    "{text} is short for a number; write all its digits: {bare}": ("{text} 是数字的简写；请写出所有位数：{bare}"),
    "{text} has spaces; write it without: {bare}": "{text} 有空格；请去掉：{bare}",
    "{text} begins with +; write it without: {plain}": "{text} 以 + 开头；请去掉：{plain}",
    "{text} is a percentage; write it as a share of 1: {percent}": ("{text} 是百分比；请写成 1 的比例：{percent}"),
    '{text} is a percentage; here is a number wanted, such as "{example}"': (
        '{text} 是百分比；此处须为数字，例如 "{example}"'
    ),
    '{text} has a comma; write a point before decimals and nothing between thousands: "{example}"': (
        '{text} 有逗号；小数请用小数点，千分位不要符号："{example}"'
    ),
    "commas": "逗号",
    "signs": "符号",
    "{text} is no time zone (IANA: continent and city); {hint}": ("{text} 不是时区（IANA：洲与城市）；{hint}"),
    "type of transaction": "交易类型",
    'write one such as "Asia/Taipei"': '请写例如 "Asia/Taipei"',
    "a policy": "政策",
    "of [{words}]": "[{words}] 中",
    "[{table}] on a line of its own, and lines below it,": "[{table}] 单独一行，其下各行",
    "a number of more than 40 digits": "超过 40 位的数字",
    "at the top of {called}": "{called}最上层",
    "a table {{ … }}": "表 {{ … }}",
    "{text} is a number; write it in quotes; {more}": "{text} 是数字；请加引号；{more}",
    "{text} is a number; write it in quotes: {more}": "{text} 是数字；请加引号：{more}",
    "{value}; write a text in quotes, such as {example}": ("{value}；请写加引号的文字，例如 {example}"),
    "write true or false without quotes: {value}": "请写 true 或 false，不加引号：{value}",
    "write true or false without quotes, one of these": "请写 true 或 false 其中之一，不加引号",
    "{value}; {write}": "{value}；{write}",
    "write {allowed}": "请写 {allowed}",
    "{value}; write {allowed}": "{value}；请写 {allowed}",
    "{word} is no word {path}; {says}": "{path}没有 {word} 这个用字；{says}",
    'at least one [[{name}]], and below it id = "low"': ('至少一个 [[{name}]]，其下写 id = "low"'),
    "{lower} is not allowed here": "此处不可写 {lower}",
    "{value} is a number": "{value} 是数字",
    "{value} is a text": "{value} 是文字",
    "this is a list": "这是列表",
    "this is a table": "这是表",
    "{value} is a date or a time": "{value} 是日期或时间",
    "this is not allowed here": "此处不可这样写",
    "of [[{words}]]": "[[{words}]] 中",
    "of {words}": "{words} 中",
    "besides, {fault}": "此外，{fault}",
    '{value} is one date; write the day of every year in quotes: "{day}"': (
        '{value} 是单一日期；请以引号写每年的日期："{day}"'
    ),
    "{value} is in quotes; write the number without them: {number}": ("{value} 加了引号；数字请不要加：{number}"),
    "did you mean {close}? Allowed: {allowed}": "是否要写 {close}？可用：{allowed}",
    "{value} is not known here; {hint}": "此处不认得 {value}；{hint}",
    "this is one table, and a list of tables is wanted; write [[{word}]], in two brackets, above each": (
        "这是单一的表，此处须为表的列表；请在每个表上方写双括号 [[{word}]]"
    ),
    "{value} stands alone, and a list is wanted; write it in brackets: [{value}]": (
        "{value} 是单独的，此处须为列表；请加括号：[{value}]"
    ),
    "{value}; write {path} with these words: {fields}": ("{value}；请写{path}，可用的用字：{fields}"),
    "write [[{path}]], in two brackets, above a new one, and below it id = {word}": (
        "请在新的一个上方写双括号 [[{path}]]，其下写 id = {word}"
    ),
    "a whole number from {least} to {most}": "{least} 至 {most} 的整数",
    "a list of tables": "表的列表",
    "a list such as [{example}]": "列表，例如 [{example}]",
    "a table such as {example}": "表，例如 {example}",
    "{value}; write {allowed}, without quotes": "{value}；请写 {allowed}，不加引号",
    "this is missing; write {field}": "缺少此项；请写 {field}",
    "there are {fields}": "可用：{fields}",
    "{value} is not allowed; write {allowed}": "不可写 {value}；请写 {allowed}",
    "it belongs in {places}": "它属于 {places}",
    "it belongs at the top, above the first [table]": "它属于最上层，在第一个 [表] 之前",
    "standing": "信用状况",
    "this is not valid TOML: a number or a date in it is out of range, or it is nested too deeply": (
        "这不是有效的 TOML：其中的数字或日期超出范围，或嵌套过深"
    ),
    "the darker, the more of the row": "颜色越深，占该行比例越高",
    "moves up": "升级",
    "moves down": "降级",
    "stays": "不变",
    "tiers not comparable": "等级无法比较",
    "under {policy}": "按 {policy}",
    "{share} of all": "占全部 {share}",
    "and {number} lines more": "另有 {number} 行",
    "{share} of the row": "占该行 {share}",
    "What differs": "规则差异",
    "Money and services": "金额与权益",
    "Who moves where: {before} to {after}": "客户的等级变动：由 {before} 改为 {after}",
    "{customers} customers: {moves}": "共 {customers} 位客户：{moves}",
    "events from {first} to {last}": "数据期间：{first}至{last}",
    "campaigns pay {before}; then {after}: {moved} less": ("活动支付：{before}；改后{after}，减少{moved}"),
    "{number} ({amount})": "{number}（{amount}）",
    "{number} up ({share})": "{number} 位升级（{share}）",
    "{number} down ({share})": "{number} 位降级（{share}）",
    "{number} stay ({share})": "{number} 位不变（{share}）",
    "{number} with a tier under {policy} alone": "{number} 位仅在 {policy} 下有等级",
    "left out: {customers}": "未计入：{customers}",
    "no longer: {sentence}": "原规则：{sentence}",
    "now: {sentence}": "新规则：{sentence}",
    "campaigns pay {before}; then {after}": "活动支付：{before}；改后{after}",
    "campaigns pay {before}; then {after}: {moved} more": ("活动支付：{before}；改后{after}，增加{moved}"),
    "{number} not comparable ({share})": "{number} 位无法比较（{share}）",
    "nothing that customers would notice": "客户不会察觉任何差异",
    "triggers of {campaign}: {before}; then {after}": ("活动“{campaign}”触发次数：{before}；改后 {after}"),
    "customers with {service}: {before}; then {after}": ("享有“{service}”的客户数：{before}；改后 {after}"),
}
