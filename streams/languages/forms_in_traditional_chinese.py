"""Sentences in Traditional Chinese, as banks in Taiwan write it: by the form in English (said.py)."""

from collections.abc import Mapping
from typing import Final

FORMS: Final[Mapping[str, str]] = {
    "customers": "客戶數",
    "of all": "佔全部",
    "of the row": "佔該列",
    "rows: tier under {before}; columns: tier under {after}": ("列：依 {before} 的等級；欄：依 {after} 的等級"),
    "what differs:": "規則差異：",
    "all": "合計",
    "from / to": "由／至",
    "{file}, line {line}": "{file}，第 {line} 行",
    "{place}: {message}": "{place}：{message}",
    "{errors} errors; the policy cannot be used": "{errors} 個錯誤；此政策無法使用",
    "{place}, {field}": "{place}，{field}",
    "{place}: warning: {message}": "{place}：提醒：{message}",
    "against {name} version {version}, which is in force:": ("與現行的 {name} 第 {version} 版相比："),
    "nothing that a tier, a currency or a campaign shows": "等級、幣別與活動均無變更",
    "1 error; the policy cannot be used": "1 個錯誤；此政策無法使用",
    "{url} is slow: more than 1 s from event to decision": "{url} 變慢：由資料到決定超過 1 秒",
    "the history is being read": "正在讀取歷史資料",
    "{url} does not answer": "{url} 沒有回應",
    "{url} is not ready: {reason}": "{url} 尚未就緒：{reason}",
    "{one} and {other}": "{one} 和 {other}",
    "{one} or {other}": "{one} 或 {other}",
    "{one}; {other}": "{one}；{other}",
    "{one}, {other}": "{one}、{other}",
    "in all": "合計",
    "each month": "每月",
    "each year": "每年",
    "each day": "每日",
    "Campaign {id}, for {whom}: {parts}": "活動 {id}，對象為 {whom}：{parts}",
    "{when} {rate} of the month's {types} transactions{floor}{limit}": (
        "{when}回饋當月 {types} 交易金額的 {rate}{floor}{limit}"
    ),
    "at least {at_least}": "達 {at_least} 以上",
    "{measure} is {near}{to}{days}{again}{offer}": ("{measure}{near}{to}{days}{again}{offer}"),
    "no more than {ends} {per}": "{per}以 {ends} 為限",
    "everybody below {to}": "{to} 以下的所有客戶",
    "everybody": "所有客戶",
    "an upgrade to it": "升等至該等級",
    "an upgrade to one of them": "升等至其中任一等級",
    "{upgrade}, not within {settles_s} of a customer's first event": ("{upgrade}，但不含客戶首筆往來後 {settles_s}內"),
    ", at most {at_most}": "，上限 {at_most}",
    "{rate} of each {types} transaction{floor}{limit}": ("每筆 {types} 交易回饋金額的 {rate}{floor}{limit}"),
    ", from a sum of {at_least} on": "，當月合計須達 {at_least}",
    "{days} after each month's end": "每月月底後 {days}，",
    "at each month's end": "每月月底",
    "the value": "綜合價值",
    "at most {within} below": "最多再差 {within}即達",
    " and below the {floor} of {to}": "，且未達 {to} 的門檻 {floor}",
    " the {floor} of {to}": " {to} 的門檻 {floor}",
    " for {for_days} in a row": "，連續 {for_days}",
    ", at most once in {every_days}": "，每 {every_days}至多一次",
    ", an offer of {offer_days}": "，優惠為期 {offer_days}",
    "1 trigger": "1 次觸發",
    "{number} triggers": "{number} 次觸發",
    "Of {campaigns} a customer gets {limits}": "{campaigns} 合計，每位客戶：{limits}",
    " by the salt {salt}": "（抽樣鹽值 {salt}）",
    "{hold_out} of the customers are held out{salt}": "保留 {hold_out} 的客戶為對照組{salt}",
    "{gift}the first balance or deposit of at least {floor}, within {within} of the first event, once": (
        "{gift}首筆往來後 {within}內，首次餘額或存入達 {floor} 以上，僅一次"
    ),
    "no transaction for {without_transaction_days}": ("已 {without_transaction_days}無交易"),
    "{days_before} before the tier is lost if nothing changes": "若無異動，等級調降前 {days_before}",
    "at each month's end, {measure} below {below}": "每月月底，{measure} 低於 {below}",
    " of at least {at_least}": "，單筆須達 {at_least}",
    "at most {within_share} below": "最多再差 {within_share} 即達",
    "{amount} paid": "支付 {amount}",
    "at most {at_most} in {in_days}": "{in_days}內至多 {at_most} 次",
    "none within {quiet_days} of the last": "距上次 {quiet_days}內不再聯繫",
    "{amount} for ": "贈 {amount}：",
    "gift": "贈禮",
    "payment": "回饋",
    "welcome": "迎賓通知",
    "alert": "通知",
    "customers are rated by the calendar, so what is near is looked at then alone": (
        "客戶依日曆評等，因此只在評等時檢視是否接近門檻"
    ),
    "where a customer has been approached enough, the {awaited} of {name} is lost for good": (
        "客戶的聯繫次數用盡時，{name} 的{awaited}即永久失去"
    ),
    "{quiet_days} quiet days leave no more than {in_quiet} in {in_days} days": (
        "間隔 {quiet_days}天，{in_days}天內本就至多 {in_quiet} 次"
    ),
    "nobody is upgraded to it": "不會有人升等至該等級",
    "nobody falls from it": "不會有人由該等級調降",
    "everybody is held out, so nobody is treated": "所有客戶都列為對照組，因此無人適用",
    "nobody is held out, so this decides nothing; write hold_out, or take it out": (
        "沒有對照組，因此這一行不起作用；請寫 hold_out，或刪除這一行"
    ),
    "it looks at a whole month, and {name} is no figure of one whole month": (
        "此活動看整個月，而 {name} 不是單一整月的數字"
    ),
    "{first} is the first tier, and {says}; take it out": "{first} 是最低等級，{says}；請刪除",
    "nobody is near: who has this much meets the floor of {to} already": ("無人接近：有這麼多的客戶已達 {to} 的門檻"),
    "{looked}: these are days after a rating; write 0, unless that is meant": (
        "{looked}：這裡的天數自評等後起算；若非此意，請寫 0"
    ),
    "a tier is lost at once, so no fall can be seen coming and nobody gets this": (
        "等級立即調降，無法預見，因此無人適用"
    ),
    "{id} has no name in {missing}, and other campaigns have one": ("{id} 沒有 {missing} 名稱，而其他活動有"),
    "{lost}; take it out, unless that is meant": "{lost}；若非此意，請刪除",
    "{leave}, so this never decides": "{leave}，因此這一行從不起作用",
    "everybody below the floor of {to} is near, with nothing at all, too": (
        "未達 {to} 門檻的客戶全都算接近，連一無所有者也是"
    ),
    "who is in {tier} need not be told how near {to} is; take it out": ("{tier} 的客戶不需得知距 {to} 多近；請刪除"),
    "the whole grace is {after_days} days, so this comes as soon as it begins; write fewer days": (
        "緩衝期總共 {after_days} 天，因此一開始就會通知；請寫較少天數"
    ),
    "one gift costs more than the whole budget, so nobody gets it": "一份贈禮就超過整個預算，因此無人獲贈",
    "{says}; use an average, a sum or a count with months = 1, or a month_end": (
        "{says}；請用 months = 1 的 average、sum 或 count，或用 month_end"
    ),
    "campaign": "活動",
    "{name} is for {tiers}, so nobody in {id} gets it": ("{name} 的對象是 {tiers}，因此 {id} 的客戶都不適用"),
    "{name} is for tiers below {to}, so nobody in {id} gets it": (
        "{name} 的對象是 {to} 以下的等級，因此 {id} 的客戶都不適用"
    ),
    "this has {lines} lines, and a policy at most {most}; take out what is no policy": (
        "此檔有 {lines} 行，而政策最多 {most} 行；請刪除不屬於政策的內容"
    ),
    "this line has more than {most} characters; write it on several": "這一行超過 {most} 字；請分成數行",
    "its events are refused, and what is held in it counts as nothing": (
        "以該幣別記載的資料會被拒收，所持有的也一概不計"
    ),
    "other conditions": "其他條件",
    "the policy's currency is {currency}, no longer {former}": ("政策的幣別為 {currency}，不再是 {former}"),
    "{currency} gets a rate": "{currency} 新增匯率",
    "rates come from the topic of rates, day by day; a currency that has none there is refused": (
        "匯率逐日取自匯率主題；其中沒有匯率的幣別會被拒收"
    ),
    "rates are those of the file, no longer those of the topic": "匯率改用檔案內所列，不再取自主題",
    "tiers that vanish: {gone}; whoever is in one is rated anew, from the lowest": (
        "取消的等級：{gone}；其中的客戶自最低等級起重新評等"
    ),
    "new tiers: {new}": "新增等級：{new}",
    "tiers change their order": "等級的順序變更",
    "words for products that are no longer known: {gone}; balances that bear one are refused": (
        "不再認得的產品用字：{gone}；帶有這些字的餘額會被拒收"
    ),
    (
        'joint accounts count by "{joint}", no longer by "{former}": each from its next balance on, what is '
        "there stays as it was counted"
    ): ("聯名帳戶改依「{joint}」計算，不再依「{former}」：各帳戶自下一筆餘額起適用，既有的維持原計算"),
    "campaigns that end: {ended}": "結束的活動：{ended}",
    "campaigns that begin: {begun}": "新開始的活動：{begun}",
    "{currency} loses its rate: {says}": "{currency} 失去匯率：{says}",
    "{id} is entered from {floor}, no longer from {former}": ("進入 {id} 的門檻為 {floor}，不再是 {former}"),
    "enhanced": "加強審查",
    "referred": "轉專人審核",
    "A loan application is {rules}; else standard": "貸款申請：{rules}；其餘依一般程序",
    "Every loan application is standard": "所有貸款申請均依一般程序",
    "{limit} for {tier}": "{tier} 為 {limit}",
    "{outcomes} if it is large and more than {more_than_times} times the assets": (
        "屬大額且超過資產的 {more_than_times} 倍者，{outcomes}"
    ),
    "{outcome} if more than {share} of the assets came in during the last {days}": (
        "最近 {days}內存入者超過資產的 {share}，{outcome}"
    ),
    "{outcome} if more than {share} of the highest total lies between it and the lowest one of the last {days}": (
        "最近 {days}內最高與最低總額之差超過最高總額的 {share}，{outcome}"
    ),
    "when the assets have come down to {shares} of what they were, and ": ("資產降至原先的 {shares} 時，以及"),
    "A loan that is not standard is watched for {days}: an alert {falls}at each worse standing": (
        "非一般程序的貸款監控 {days}：{falls}信用狀況每次變差時，發出警示"
    ),
    "enhanced if it is large, which is from {limits}": "大額者加強審查，大額門檻：{limits}",
    "{outcomes} in {standing} standing": "信用狀況為 {standing} 者，{outcomes}",
    "a large loan is enhanced already, so this decides nothing": "大額貸款本就加強審查，因此這一行不起作用",
    "no rule makes a loan enhanced or refers it, so every loan is standard, and none is watched": (
        "沒有任何規則要求加強審查或轉審，因此所有貸款都依一般程序，也不監控"
    ),
    '{says}; write outcome = "refer"': '{says}；請寫 outcome = "refer"',
    "there is no limit for {missing}, so no loan is large there": ("{missing} 沒有門檻，因此該等級沒有大額貸款"),
    "customers of whom no standing is known count as good: this is for them, too": (
        "信用狀況不明的客戶視為 good：這也適用於他們"
    ),
    "this asks more than the whole, which only an overdraft can give": "此處要求超過全部，只有透支才會發生",
    "the limit is lower than that of {lower}, which is the lower tier": "門檻低於較低等級 {lower} 的門檻",
    "{worse} is the worse standing, and less strictly looked at than {better}": (
        "{worse} 的信用狀況較差，審查卻比 {better} 寬鬆"
    ),
    "the file begins with a byte order mark; save it as UTF-8 without one": (
        "檔案開頭有位元組順序記號（BOM）；請存成不含 BOM 的 UTF-8"
    ),
    "1 day": "1 天",
    "{number} days": "{number} 天",
    "1 month": "1 個月",
    "{number} months": "{number} 個月",
    "1 second": "1 秒",
    "{number} seconds": "{number} 秒",
    "{one}. {other}": "{one}。{other}",
    "The value is {term}": "綜合價值為 {term}",
    "{one} + {other}": "{one} + {other}",
    "the number of {types} transactions in {span}": "{span} {types} 交易的筆數",
    "Customers are rated {when}{first}": "客戶的評等時點：{when}{first}",
    "{day} {month}": "{month}{day}日",
    "1 tier": "1 個等級",
    "{tiers} tiers": "{tiers} 個等級",
    "{name}, version {version}: {tiers}, in {currency}, by the days of {time_zone}": (
        "{name} 第 {version} 版：{tiers}，幣別 {currency}，日期依 {time_zone}"
    ),
    "{sentences}.": "{sentences}。",
    "In {standing} standing nobody is above {tier}": ("信用狀況為 {standing} 時，等級最高為 {tier}"),
    "{word} counts as {product}": "{word} 視為 {product}",
    "wholly to its first owner": "全數計入第一位持有人",
    "wholly to each owner": "全數計入每位持有人",
    "to each owner by the share": "依比例計入各持有人",
    "A joint account counts {whom}": "聯名帳戶{whom}",
    "Everybody is at least {id}": "所有客戶至少為 {id}",
    "{measure} of {at_least}": "{measure} 達 {at_least}",
    "a standing of {standing_at_least} or better": "信用狀況為 {standing_at_least} 以上",
    "({condition})": "（{condition}）",
    "{weight} times {measure}": "{weight} 乘 {measure}",
    "{term} (at most {limit})": "{term}（上限 {limit}）",
    "{name} is {measures}": "{name} 是{measures}",
    "Here {measures}": "其中 {measures}",
    "the last {days}": "最近 {days}",
    "the last {months} whole months": "最近 {months} 個整月",
    "the last whole month": "最近一個整月",
    "the newest total of the {total}": "最新的 {total} 總額",
    "the total of the {month_end} at the last month's end": "上個月底的 {month_end} 總額",
    "the average of the {average}' daily closing totals over {span}": ("{span} {average} 每日日終總額的平均"),
    "the amount of {types} transactions in {span}": "{span} {types} 交易的金額",
    "; a change is served from the next month's beginning": "；異動自次月初生效",
    "; until the first rating a customer is in the lowest tier{effect}": ("；首次評等前，客戶屬最低等級{effect}"),
    ", which is judged {when}": "（評定時點：{when}）",
    "A tier is lost after {span} in a row below its floor{when}, {to}": ("連續 {span}低於門檻即調降{when}{to}"),
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
    "Of products, {told}": "產品中，{told}",
    ("Other currencies count in {currency} by the newest rate of the day or before, from bank.rates"): (
        "其他幣別依 bank.rates 當日或之前最新的匯率折算為 {currency}"
    ),
    "from a value of {at_least}": "綜合價值達 {at_least}",
    "from {enter}": "{enter}",
    ", kept from {keep}": "，維持門檻為 {keep}",
    "{id} is {enter}{keep}": "{id} 的門檻為{enter}{keep}",
    "a value": "綜合價值",
    "{share} of the assets less in {standing} standing": ("信用狀況為 {standing} 時減資產的 {share}"),
    "{share} of the assets more in {standing} standing": ("信用狀況為 {standing} 時加資產的 {share}"),
    "assets are the newest total of all products but debts": "assets 是負債以外所有產品的最新總額",
    "loans are the newest total of the loans": "loans 是貸款的最新總額",
    "score is the newest credit score": "score 是最新的信用評分",
    "at once, whenever something changes": "隨時，一有異動立即評等",
    "at every midnight": "每日午夜",
    "at the end of {dates}": "{dates} 日終",
    "to the tier that is earned": "至應得的等級",
    "one tier down": "降一級",
    "A tier is sure for {term_months}{grace}": "等級保留 {term_months}{grace}",
    "{term}; below its floor it is then lost{when}, {to}": "{term}；屆滿時低於門檻即調降{when}{to}",
    "Nobody falls within {protected} of an upgrade": "升等後 {protected}內不予調降",
    ", and then for a grace of {grace_months}": "，其後再寬限 {grace_months}",
    "A tier is lost at a rating{when}, to the higher of what the last two ratings gave": (
        "評等時調降{when}至最近兩次評等中較高的等級"
    ),
    "A tier is lost at {instant} below its floor{when}, {to}": ("低於門檻，{instant}調降{when}{to}"),
    "once": "立即",
    "the first rating": "首次評等時",
    ("what begins here is not closed, or a comma is missing; write a comma between its parts and ] or }} at its end"): (
        "由此開始的部分沒有結束，或少了逗號；各部分之間請寫逗號，結尾請寫 ] 或 }}"
    ),
    "{what} is there twice, first in line {first}; write it once": (
        "{what} 出現兩次，第一次在第 {first} 行；請只寫一次"
    ),
    "[{name}] is one of several; write it in two brackets: [[{name}]]": (
        "[{name}] 是多個中的一個；請用雙括號：[[{name}]]"
    ),
    "there is no table {written} in a policy; did you mean [[{header}]]?": (
        "政策中沒有 {written} 這個表；是否要寫 [[{header}]]？"
    ),
    "{told} cannot be read here; write it with the plain signs of the keyboard: {plain}": (
        "此處無法讀取 {told}；請用鍵盤上的半形符號：{plain}"
    ),
    "{name}: the tables and words of a policy are written in the letters a to z": (
        "{name}：政策的表與用字請以英文字母 a 至 z 書寫"
    ),
    "there is a comma before }}; take it out": "}} 之前有逗號；請刪除",
    "there is no = after the word; write it as word = value": "用字後沒有 =；請寫成 用字 = 值",
    "there is no value after =, or one that cannot be read; write a text in quotes, or a number": (
        "= 之後沒有值，或無法讀取；請寫加引號的文字，或數字"
    ),
    "a [ is not closed, or a comma is missing; write a comma between its parts and ] at its end": (
        "[ 沒有結束，或少了逗號；各部分之間請寫逗號，結尾請寫 ]"
    ),
    "a {{ is not closed, or a comma is missing; write a comma between its parts and }} at its end": (
        "{{ 沒有結束，或少了逗號；各部分之間請寫逗號，結尾請寫 }}"
    ),
    'a text is not closed; write " at its end': '文字沒有結束；結尾請寫 "',
    "there is more after the value; write one word = value a line": ("值的後面還有其他內容；每行請只寫一個 用字 = 值"),
    "the brackets of this table are not closed; write [table], or [[tiers]] for a tier": (
        "此表的括號沒有結束；請寫 [表]，等級則寫 [[tiers]]"
    ),
    "there is no word here; write word = value": "此處沒有用字；請寫 用字 = 值",
    "a line begins with a word, or with a table in brackets; write word = value, or [table]": (
        "一行以用字或括號內的表開始；請寫 用字 = 值，或 [表]"
    ),
    "a backslash stands for a special sign; write it twice, or the text in single quotes": (
        "反斜線代表特殊符號；請寫兩個，或將文字放在單引號內"
    ),
    "a word is there twice between {{ and }}; take one of them out": ("{{ 與 }} 之間有用字出現兩次；請刪除其中一個"),
    "this table is complete already; write its words in one place": "此表已經完整；請將其用字寫在同一處",
    "there is a sign here that cannot be shown; write the line anew": "此處有無法顯示的符號；請重寫這一行",
    "there is no such date": "沒有這個日期",
    "this is not valid TOML ({said})": "這不是有效的 TOML（{said}）",
    "{message}; what follows was not looked at": "{message}；其後的內容未檢查",
    "the table [{written}]": "表 [{written}]",
    "spaces of another kind": "特殊空格",
    "a {{ and its }} stand on one line, and only a [ may be closed in a later one; write it on one line": (
        "{{ 與其 }} 須在同一行，只有 [ 可以在後面的行結束；請寫在同一行"
    ),
    "{unclosed}; what follows was not looked at": "{unclosed}；其後的內容未檢查",
    "{raw} is not in quotes; write {text}": "{raw} 沒有加引號；請寫 {text}",
    (
        "the floors are out of order or the same: nobody earns {id}, since who meets it meets {id_2} as well, "
        "which is higher; write the tiers from the lowest up, each with a higher floor"
    ): ("門檻順序顛倒或相同：無人會得到 {id}，因為符合者也符合較高的 {id_2}；請由最低等級往上寫，門檻逐級提高"),
    "there is one tier; nobody ever goes up or down": "只有一個等級；不會有人升等或調降",
    "nobody can be {id}: every standing is capped below it": "無人能成為 {id}：每種信用狀況的等級上限都低於它",
    " (the value is made of it, but no tier has a floor on the value)": (
        "（綜合價值由它組成，但沒有等級以綜合價值為門檻）"
    ),
    "there is no upgrade to protect; there is one tier": "只有一個等級，沒有可保級的升等",
    "nobody can earn {id}: by its terms the value is never above {most}": (
        "無人能得到 {id}：依其組成，綜合價值不會超過 {most}"
    ),
    "everybody meets this, so nobody is below {id}": "所有客戶都符合，因此沒有人低於 {id}",
    "who meets this need not meet {id}, the tier below: the two overlap, and the higher one counts": (
        "符合此條件者未必符合下一級 {id}：兩者重疊，以較高者為準"
    ),
    "to keep {id} asks as much as to enter it, or more, so it never decides; write a lower floor": (
        "維持 {id} 的條件與進入相同或更高，因此從不起作用；請寫較低的門檻"
    ),
    "who keeps {id} may have less than {id_2}, the tier below, asks to enter: the two overlap": (
        "維持 {id} 的客戶可能少於進入下一級 {id_2} 所需：兩者重疊"
    ),
    "this part never decides: another one of the list covers it; take it out": (
        "此部分從不起作用：清單中另一項已涵蓋；請刪除"
    ),
    "{id} is the highest tier, so this caps nobody": "{id} 是最高等級，因此不會限制任何人",
    "{better} is capped lower than {standing}, which is the worse standing": (
        "{better} 的等級上限低於較差的 {standing}"
    ),
    "no tier or campaign looks at {name}{close}; use it, or take it out": (
        "沒有等級或活動使用 {name}{close}；請使用，或刪除"
    ),
    "no tier has a floor on the value, so this decides nothing": "沒有等級以綜合價值為門檻，因此這一行不起作用",
    "{id} has no name in {missing}, and other tiers have one": ("{id} 沒有 {missing} 名稱，而其他等級有"),
    "nobody earns {id}, since who meets it meets {id_2} as well, which is higher": (
        "無人會得到 {id}，因為符合者也符合較高的 {id_2}"
    ),
    "customers of whom no standing is known count as good: this caps them, too": (
        "信用狀況不明的客戶視為 good：他們也受此限制"
    ),
    "each transaction is paid at once, so no month is settled": "每筆交易立即回饋，沒有月結",
    "{amount} is less than {least}, the least that can be paid, so nothing is paid": (
        "{amount} 小於可支付的最小金額 {least}，因此不會支付"
    ),
    "the list is empty; write types of transactions: {known}": "清單是空的；請寫交易類型：{known}",
    'a rate of 0 pays nothing; write one such as "0.01"': '費率 0 不會支付；請寫例如 "0.01"',
    '{says}; take it out, or write per = "month"': '{says}；請刪除，或寫 per = "month"',
    "a fee goes by an amount that is measured, and {name} is none; write one of {own}": (
        "收費依計算的金額而定，{name} 並非金額；請寫以下之一：{own}"
    ),
    "{given} are both there": "同時寫了 {given}",
    "it does not say how near": "沒有寫多近才算接近",
    "{said}; write one of at_least, within, within_share": ("{said}；請寫 at_least、within、within_share 其中之一"),
    "{to} is the first tier, and everybody's; write another tier": "{to} 是最低等級，人人都有；請寫其他等級",
    "it has no end; write triggers = 1000, or amount, or both": ("沒有上限；請寫 triggers = 1000、amount，或兩者"),
    "this campaign pays nothing, so no amount is ever spent; write triggers instead": (
        "此活動不支付金額，因此不會花費；請改寫 triggers"
    ),
    '{says}; write an amount such as "100"': '{says}；請寫金額，例如 "100"',
    "at_most and in_days belong together: at_most = 2 and in_days = 30; write both": (
        "at_most 與 in_days 須一起寫：at_most = 2 與 in_days = 30"
    ),
    "it says for which campaigns and not how often; write at_most = 2 and in_days = 30, or quiet_days = 7": (
        "寫了哪些活動，但沒有寫次數；請寫 at_most = 2 與 in_days = 30，或 quiet_days = 7"
    ),
    "this is missing: it says how often and not for which campaigns; write campaigns = [ their ids ]": (
        "缺少此項：寫了次數，但沒有寫哪些活動；請寫 campaigns = [ 活動代號 ]"
    ),
    "another campaign has the id {id}; write another id": "另一個活動已有代號 {id}；請寫其他代號",
    "{to} is not had by one amount, so none is missing; write another tier": (
        "{to} 並非以單一金額取得，因此沒有差額；請寫其他等級"
    ),
    "this is missing; a campaign of kind {kind} wants it: write {word} = {examples}": (
        "缺少此項；{kind} 類活動必須有：請寫 {word} = {examples}"
    ),
    "a campaign of kind {kind} takes no {word}; it takes {known}": ("{kind} 類活動不接受 {word}；可用：{known}"),
    "tier": "等級",
    'when = "month_end", "daily" or a list of dates in [rating] or in [falling]': (
        '在 [rating] 或 [falling] 寫 when = "month_end"、"daily" 或日期清單'
    ),
    "{names} are both there; a tier is lost in one way: write one of them": (
        "同時寫了 {names}；等級只能以一種方式調降：請寫其中之一"
    ),
    "a grace follows a term; write term_months, too, or after_months instead": (
        "寬限期在保留期之後；請一併寫 term_months，或改寫 after_months"
    ),
    "months are not counted by ratings on dates; write term_months instead, or another when in [falling]": (
        "依指定日期評等時不計月數；請改寫 term_months，或在 [falling] 寫其他 when"
    ),
    "there are no last two ratings where everything is rated at once; write {dates}": (
        "隨時評等時沒有最近兩次評等；請{dates}"
    ),
    "at once, one step would follow the other with every event; write after_days, or {dates}": (
        "隨時評等時，每筆資料都會再降一級；請寫 after_days，或{dates}"
    ),
    (
        "it looks at large loans, and nothing says which are large; write [risk.large_loan], and below it a "
        'line for each tier: low = "300000"'
    ): ('此項看大額貸款，但沒有寫何謂大額；請寫 [risk.large_loan]，其下每個等級一行：low = "300000"'),
    '{share} is no part of the assets; write a share between "0" and "1", such as "0.70"': (
        '{share} 不是資產的比例；請寫 "0" 與 "1" 之間的比例，例如 "0.70"'
    ),
    'a standing is no amount; write credit = {{ poor = "-0.10" }} in [value] to count it': (
        '信用狀況不是金額；若要計入，請在 [value] 寫 credit = {{ poor = "-0.10" }}'
    ),
    'a standing is no amount; write standing_at_least = "good" instead of measure and at_least': (
        '信用狀況不是金額；請寫 standing_at_least = "good"，取代 measure 與 at_least'
    ),
    "the value cannot be a part of itself; write a measure such as assets": (
        "綜合價值不能是自己的一部分；請寫指標，例如 assets"
    ),
    "measure": "指標",
    "it has {given}": "寫了 {given}",
    "it does not say of what": "沒有寫計算什麼",
    "{says}; a measure is one of total, average, month_end, sum, count: write one of them": (
        "{says}；指標是 total、average、month_end、sum、count 其中一種：請寫其中之一"
    ),
    "days and months are both there; write one of the two": "同時寫了 days 與 months；請寫其中之一",
    "{name} is a measure by itself; write another name for this one": ("{name} 本身就是指標；請為此項寫其他名稱"),
    "{kind} looks at one moment; take this line out, or write average instead": (
        "{kind} 只看一個時點；請刪除這一行，或改寫 average"
    ),
    "{kind} needs a span; write days = 90 (today included) or months = 3 (whole months)": (
        "{kind} 需要期間；請寫 days = 90（含當日）或 months = 3（整月）"
    ),
    'the list is empty; write at least one term: [{{ measure = "assets" }}]': (
        '清單是空的；請至少寫一項：[{{ measure = "assets" }}]'
    ),
    "the policy's own currency has no rate; take the line out": "政策本身的幣別沒有匯率；請刪除這一行",
    "{small} is a product already; take the line out": "{small} 已是產品；請刪除這一行",
    "{word} is there in other capitals, which do not matter": "{word} 已以其他大小寫出現，而大小寫不影響",
    "{says}; take one of the lines out": "{says}；請刪除其中一行",
    'the list of dates is empty; write days of the year: ["06-30", "12-31"]': (
        '日期清單是空的；請寫一年中的日期：["06-30", "12-31"]'
    ),
    'this tier says nothing of who is in it; write at_least = "500000" or a condition to enter': (
        '此等級沒有寫哪些客戶屬之；請寫 at_least = "500000" 或進入條件'
    ),
    'there is no tier; write at least one [[tiers]], and below it id = "low"': (
        '沒有等級；請至少寫一個 [[tiers]]，其下寫 id = "low"'
    ),
    "this tier has at_least and enter; at_least is short for an enter: write one of the two": (
        "此等級同時有 at_least 與 enter；at_least 是 enter 的簡寫：請寫其中之一"
    ),
    "the first tier cannot be lost; take the line out": "最低等級不會失去；請刪除這一行",
    "there is a floor and no measure; write measure, too, or at_least as a line of the tier": (
        "有門檻但沒有指標；請一併寫 measure，或將 at_least 寫成等級的一行"
    ),
    "the list of conditions is empty; write at least one condition": "條件清單是空的；請至少寫一個條件",
    "another tier has the id {id} already; write another id": "另一個等級已有代號 {id}；請寫其他代號",
    "this tier has {id} already; write another id": "此等級已有 {id}；請寫其他代號",
    "{ends} is before valid_from; write a later day": "{ends} 早於 valid_from；請寫較晚的日期",
    (
        "a condition is a measure and at_least, or standing_at_least, or all = [ … ], or any = [ … ]; write "
        "one of these"
    ): ("條件是 measure 與 at_least，或 standing_at_least，或 all = [ … ]，或 any = [ … ]；請寫其中之一"),
    "the first tier is everybody's and asks nothing; take the line out": (
        "最低等級屬於所有客戶，沒有條件；請刪除這一行"
    ),
    "there is no {what} {word}; did you mean {close}? There are {known}": (
        "沒有{what} {word}；是否要寫 {close}？可用：{known}"
    ),
    "{text} is no word: letters, digits, hyphens and underscores, no spaces, at most 64; {write}": (
        "{text} 不是可用的代號：限字母、數字、連字號與底線，不含空格，最多 64 字；{write}"
    ),
    '{text} is no language; write a code such as "en", "zh" or "zh-Hant"': (
        '{text} 不是語言；請寫代碼，例如 "en"、"zh" 或 "zh-Hant"'
    ),
    'a name is one line of 1 to {most} characters; write one such as "standard"': (
        '名稱為一行，1 至 {most} 字；請寫例如 "standard"'
    ),
    'a product is one line of 1 to {most} characters; write one such as "structured-note"': (
        '產品為一行，1 至 {most} 字；請寫例如 "structured-note"'
    ),
    "{text} is no currency code of three capital letters (ISO 4217); write one such as {code}": (
        "{text} 不是三個大寫字母的幣別代碼（ISO 4217）；請寫例如 {code}"
    ),
    '{text} is no day of the year; write month and day such as "06-30"': (
        '{text} 不是一年中的日期；請寫月與日，例如 "06-30"'
    ),
    '{text} is no plain number; write digits, and perhaps a point: "{example}"': (
        '{text} 不是單純的數字；請寫數字，必要時加小數點："{example}"'
    ),
    "there is no {what} {word}; there are {known}": "沒有{what} {word}；可用：{known}",
    'this is empty; write a word such as "mid"': '此處是空的；請寫代號，例如 "mid"',
    "write {suggestion}": "請寫 {suggestion}",
    'write a word such as "mid"': '請寫代號，例如 "mid"',
    "{text} is no currency of ISO 4217; {close}": "{text} 不是 ISO 4217 的幣別；{close}",
    'write one such as "TWD"': '請寫例如 "TWD"',
    "did you mean {close}?": "是否要寫 {close}？",
    '{text} is no date; write year, month and day such as "2026-12-31"': (
        '{text} 不是日期；請寫年、月、日，例如 "2026-12-31"'
    ),
    "{text} has {fraction} decimals; at most {decimals} are allowed": (
        "{text} 有 {fraction} 位小數；最多 {decimals} 位"
    ),
    "{text} is too long; at most {digits} digits are allowed": "{text} 太長；最多 {digits} 位數",
    '{text} is below 0; write "0" or more': '{text} 小於 0；請寫 "0" 以上',
    '{text} is no part of the whole; write one from "0" to "1": a tenth is "{example}"': (
        '{text} 不是整體的比例；請寫 "0" 至 "1"：十分之一為 "{example}"'
    ),
    '{text} is not above 0; write a rate such as "{example}"': ('{text} 不大於 0；請寫匯率，例如 "{example}"'),
    "a weight of 0 counts nothing; take the term out, or write another weight": (
        "權數 0 等於不計；請刪除此項，或寫其他權數"
    ),
    '{text} is more than the whole; a share is from "-1" to "1", and a tenth is "0.10"': (
        '{text} 超過整體；比例為 "-1" 至 "1"，十分之一為 "0.10"'
    ),
    "{text} has {signs} between its digits; write it without commas: {plain}": (
        "{text} 的數字間有{signs}；請不要寫分隔符號：{plain}"
    ),
    "{text} is written in full-width signs; write plain digits: {normal}": ("{text} 是全形字；請寫半形數字：{normal}"),
    "{text} is short for a number; write all its digits: {bare}": ("{text} 是數字的簡寫；請寫出所有位數：{bare}"),
    "{text} has spaces; write it without: {bare}": "{text} 有空格；請去掉：{bare}",
    "{text} begins with +; write it without: {plain}": "{text} 以 + 開頭；請去掉：{plain}",
    "{text} is a percentage; write it as a share of 1: {percent}": ("{text} 是百分比；請寫成 1 的比例：{percent}"),
    '{text} is a percentage; here is a number wanted, such as "{example}"': (
        '{text} 是百分比；此處須為數字，例如 "{example}"'
    ),
    '{text} has a comma; write a point before decimals and nothing between thousands: "{example}"': (
        '{text} 有逗號；小數請用小數點，千分位不要符號："{example}"'
    ),
    "commas": "逗號",
    "signs": "符號",
    "{text} is no time zone (IANA: continent and city); {hint}": ("{text} 不是時區（IANA：洲與城市）；{hint}"),
    "type of transaction": "交易類型",
    'write one such as "Asia/Taipei"': '請寫例如 "Asia/Taipei"',
    "a policy": "政策",
    "of [{words}]": "[{words}] 中",
    "[{table}] on a line of its own, and lines below it,": "[{table}] 單獨一行，其下各行",
    "a number of more than 40 digits": "超過 40 位的數字",
    "at the top of {called}": "{called}最上層",
    "a table {{ … }}": "表 {{ … }}",
    "{text} is a number; write it in quotes; {more}": "{text} 是數字；請加引號；{more}",
    "{text} is a number; write it in quotes: {more}": "{text} 是數字；請加引號：{more}",
    "{value}; write a text in quotes, such as {example}": ("{value}；請寫加引號的文字，例如 {example}"),
    "write true or false without quotes: {value}": "請寫 true 或 false，不加引號：{value}",
    "write true or false without quotes, one of these": "請寫 true 或 false 其中之一，不加引號",
    "{value}; {write}": "{value}；{write}",
    "write {allowed}": "請寫 {allowed}",
    "{value}; write {allowed}": "{value}；請寫 {allowed}",
    "{word} is no word {path}; {says}": "{path}沒有 {word} 這個用字；{says}",
    'at least one [[{name}]], and below it id = "low"': ('至少一個 [[{name}]]，其下寫 id = "low"'),
    "{lower} is not allowed here": "此處不可寫 {lower}",
    "{value} is a number": "{value} 是數字",
    "{value} is a text": "{value} 是文字",
    "this is a list": "這是清單",
    "this is a table": "這是表",
    "{value} is a date or a time": "{value} 是日期或時間",
    "this is not allowed here": "此處不可這樣寫",
    "of [[{words}]]": "[[{words}]] 中",
    "of {words}": "{words} 中",
    "besides, {fault}": "此外，{fault}",
    '{value} is one date; write the day of every year in quotes: "{day}"': (
        '{value} 是單一日期；請以引號寫每年的日期："{day}"'
    ),
    "{value} is in quotes; write the number without them: {number}": ("{value} 加了引號；數字請不要加：{number}"),
    "did you mean {close}? Allowed: {allowed}": "是否要寫 {close}？可用：{allowed}",
    "{value} is not known here; {hint}": "此處不認得 {value}；{hint}",
    "this is one table, and a list of tables is wanted; write [[{word}]], in two brackets, above each": (
        "這是單一的表，此處須為表的清單；請在每個表上方寫雙括號 [[{word}]]"
    ),
    "{value} stands alone, and a list is wanted; write it in brackets: [{value}]": (
        "{value} 是單獨的，此處須為清單；請加括號：[{value}]"
    ),
    "{value}; write {path} with these words: {fields}": ("{value}；請寫{path}，可用的用字：{fields}"),
    "write [[{path}]], in two brackets, above a new one, and below it id = {word}": (
        "請在新的一個上方寫雙括號 [[{path}]]，其下寫 id = {word}"
    ),
    "a whole number from {least} to {most}": "{least} 至 {most} 的整數",
    "a list of tables": "表的清單",
    "a list such as [{example}]": "清單，例如 [{example}]",
    "a table such as {example}": "表，例如 {example}",
    "{value}; write {allowed}, without quotes": "{value}；請寫 {allowed}，不加引號",
    "this is missing; write {field}": "缺少此項；請寫 {field}",
    "there are {fields}": "可用：{fields}",
    "{value} is not allowed; write {allowed}": "不可寫 {value}；請寫 {allowed}",
    "it belongs in {places}": "它屬於 {places}",
    "it belongs at the top, above the first [table]": "它屬於最上層，在第一個 [表] 之前",
    "standing": "信用狀況",
    "this is not valid TOML: a number or a date in it is out of range, or it is nested too deeply": (
        "這不是有效的 TOML：其中的數字或日期超出範圍，或巢狀過深"
    ),
    "the darker, the more of the row": "顏色越深，佔該列比例越高",
    "moves up": "升等",
    "moves down": "調降",
    "stays": "不變",
    "tiers not comparable": "等級無法比較",
    "under {policy}": "依 {policy}",
    "{share} of all": "佔全部 {share}",
    "and {number} lines more": "另有 {number} 行",
    "{share} of the row": "佔該列 {share}",
    "What differs": "規則差異",
    "Money and services": "金額與權益",
    "Who moves where: {before} to {after}": "客戶的等級異動：由 {before} 改為 {after}",
    "{customers} customers: {moves}": "共 {customers} 位客戶：{moves}",
    "events from {first} to {last}": "資料期間：{first}至{last}",
    "campaigns pay {before}; then {after}: {moved} less": ("活動支付：{before}；改後{after}，減少{moved}"),
    "{number} ({amount})": "{number}（{amount}）",
    "{number} up ({share})": "{number} 位升等（{share}）",
    "{number} down ({share})": "{number} 位調降（{share}）",
    "{number} stay ({share})": "{number} 位不變（{share}）",
    "{number} with a tier under {policy} alone": "{number} 位僅在 {policy} 下有等級",
    "left out: {customers}": "未計入：{customers}",
    "no longer: {sentence}": "原規則：{sentence}",
    "now: {sentence}": "新規則：{sentence}",
    "campaigns pay {before}; then {after}": "活動支付：{before}；改後{after}",
    "campaigns pay {before}; then {after}: {moved} more": ("活動支付：{before}；改後{after}，增加{moved}"),
    "{number} not comparable ({share})": "{number} 位無法比較（{share}）",
    "nothing that customers would notice": "客戶不會察覺任何差異",
    "triggers of {campaign}: {before}; then {after}": ("活動「{campaign}」觸發次數：{before}；改後 {after}"),
    "customers with {service}: {before}; then {after}": ("享有「{service}」的客戶數：{before}；改後 {after}"),
}
